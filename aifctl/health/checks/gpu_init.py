"""Could the driver start every GPU?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_findings import gpu_place, kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.subjects import kernel
from aifctl.diagnosis.xids import INIT


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    failed = of_kind(case, "gpu-init")
    for address in sorted({event.pci_address for event in failed}):
        subject, serial = gpu_place(address, case)
        which = f"the GPU at {address}" if address else "a GPU that the log does not name"
        events = [event for event in failed if event.pci_address == address]
        verdict = (Result.FAULT, Action.REBOOT)
        finding = kernel_finding("gpu-init", subject, "failed", verdict, f"the driver could not start {which}", events)
        yield replace(finding, identity=serial)


CHECK = Check(
    name="gpu-init",
    about="The driver could start every GPU.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="The driver's own word, RmInitAdapter failed, in this boot: such a GPU is missing from what NVML tells. A reboot "
    "may help; a GPU that fails again is to be replaced.",
    needs=NEEDS,
    again={"failed": INIT},
    moving=True,
    all_fine=no_events,
    explained_by=("xid", "gpu-fell-off", "gpu-lost"),
)
