"""Does the kernel report PCIe errors that were not corrected?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.kernel import KernelEvent, KernelSection
from aifctl.diagnosis.kernel_findings import kernel_finding, no_events, of_kind
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import kernel

_VERDICTS = {"fatal": (Result.FAULT, Action.DRAIN), "nonfatal": (Result.WATCH, Action.WATCH)}


def _judge(_section: KernelSection, case: Case) -> Iterator[Finding]:
    by_device: dict[tuple[str, str], list[KernelEvent]] = {}
    for event in of_kind(case, "aer"):
        by_device.setdefault((event.pci_address, str(event.facts.get("severity"))), []).append(event)
    for (address, severity), events in sorted(by_device.items()):
        if severity in _VERDICTS:
            message = f"the device at {address} reported a {severity} PCIe error"
            yield kernel_finding("aer-log", f"pci:{address}", severity, _VERDICTS[severity], message, events)


CHECK = Check(
    name="aer-log",
    about="The kernel reports no PCIe error that was not corrected.",
    section=SectionName.KERNEL,
    subjects=kernel,
    judge=_judge,
    detail="By device and severity, as the lines tell it; corrected ones are the business of counters. That AER is enabled, "
    "which each port of a healthy node says, is no error.",
    moving=True,
    all_fine=no_events,
    explained_by=("pci-aer", "pci-lost"),
)
