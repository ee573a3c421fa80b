"""Has the kernel counted PCIe errors that were not corrected?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError
from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.growth_rate import has_grown, last_grown_at
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import device_subject, kind_of
from aifctl.diagnosis.pcie_links import pci_section
from aifctl.diagnosis.reading import SectionName

_WINDOW = "pci.aer_window_s"
_SOURCE = "PCI Express Base Specification, Advanced Error Reporting: a fatal error leaves the link unreliable"
_COUNTERS: Mapping[str, tuple[Result, Action]] = {
    "fatal": (Result.FAULT, Action.DRAIN),
    "nonfatal": (Result.WATCH, Action.WATCH),
}
_NAMES = ("aer_fatal_count", "aer_nonfatal_count", "aer_correctable_count")
#: By section, which nodes that are built alike share (sysfs_pci).
_QUIET: OfSame[bool] = OfSame()


def _all_fine(sections: Sequence[PciSection], case: Case) -> bool:
    return not has_grown(case.memory, _NAMES) and all(_QUIET.made(section, _is_quiet) for section in sections)


def _is_quiet(section: PciSection) -> bool:
    """Whether all devices that count have counted nothing, and one of them counts."""
    told = {(device.aer_fatal_count, device.aer_nonfatal_count) for device in section.devices}
    return (0, 0) in told and all(NEUTRAL.issuperset(counts) for counts in told - {(0, 0)})


def _judge(section: PciSection, case: Case) -> Iterator[Finding]:
    grown = {identity for identity, _ in case.memory.growths}
    untold, counts = None, False
    for device in section.devices:
        fatal, nonfatal = device.aer_fatal_count, device.aer_nonfatal_count
        counts = counts or not isinstance(fatal, Absent)
        if fatal == 0 == nonfatal:
            continue
        for count in (fatal, nonfatal):
            untold = count if isinstance(count, Absent) and count not in NEUTRAL else untold
        if device.address in grown:
            yield from _grown(device, case)
        if not isinstance(fatal, Absent) and fatal and (device.address, "aer_fatal_count") not in case.memory.growths:
            said = f"{fatal} fatal PCIe error(s) since boot, none of them new"
            yield _finding(device, "fatal-before", Result.WATCH, Action.WATCH, said, fatal)
    if untold is not None:
        raise CannotTellError("PCIe errors of all devices", untold)
    if not counts:
        raise NeutralError("PCIe errors")


def _grown(device: PciDevice, case: Case) -> Iterator[Finding]:
    window_s = case.expect(_WINDOW).value
    for severity, (result, action) in _COUNTERS.items():
        name = f"aer_{severity}_count"
        count = case.memory.grown(device.address, name, within_s=window_s, now_s=case.reading.at_s)
        if count:
            said = f"{count} {severity} PCIe error(s) in the last {window_s / 3600:g} h"
            at_s = last_grown_at(case.memory, device.address, name)
            yield _finding(device, severity, result, action, said, count, at_s)


def _finding(
    device: PciDevice, code: str, result: Result, action: Action, said: str, observed: int, at_s: float | None = None
) -> Finding:
    return Finding(
        check="pci-aer",
        subject=device_subject(device),
        code=code,
        result=result,
        action=action,
        message=f"the {kind_of(device)} at {device.address} has counted {said}",
        observed=observed,
        expected=0,
        source=_SOURCE,
        at_s=at_s,
    )


CHECK = Check(
    name="pci-aer",
    about="No PCIe error that could not be corrected has been counted.",
    section=SectionName.PCI,
    subjects=pci_section,
    judge=_judge,
    all_fine=_all_fine,
    needs=(Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds that an error is held against it"),),
    detail="From the kernel's counters for each device (aer_dev_fatal, aer_dev_nonfatal), not from words in its log: a "
    "healthy boot log says AER hundreds of times. Corrected errors are no finding.",
    moving=True,
    explained_by=("pci-lost",),
)
