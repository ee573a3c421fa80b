"""Does the kernel's log say that a GPU is gone, where no Xid does?"""

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
from aifctl.diagnosis.xids import OFF_BUS


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    lost = of_kind(case, "gpu-lost")
    for address in sorted({event.pci_address for event in lost}):
        subject, serial = gpu_place(address, case)
        which = f"the GPU at {address}" if address else "a GPU that the log does not name"
        said = f"{which} has fallen off the bus; drain, power the node off and on, the second time replace it"
        finding = kernel_finding(
            "gpu-fell-off",
            subject,
            "fallen-off",
            (Result.FAULT, Action.REBOOT),
            said,
            [event for event in lost if event.pci_address == address],
        )
        yield replace(finding, identity=serial)


CHECK = Check(
    name="gpu-fell-off",
    about="The kernel's log says of no GPU that it has fallen off the bus.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="Some drivers say it without an Xid: in one line that names the GPU, or in three of which the first does. With an "
    "Xid 79 it is the same incident.",
    needs=NEEDS,
    again={"fallen-off": OFF_BUS},
    moving=True,
    all_fine=no_events,
    explained_by=("xid",),
)
