"""Has a device fallen off the bus?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import device_subject, kind_of
from aifctl.diagnosis.pcie_links import pci_section
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.xids import OFF_BUS

_KINDS = frozenset({"GPU", "NVSwitch", "HCA", "NVMe disk"})
_SOURCE = "PCI Express Base Specification: reads that nobody answers return all ones (lspci: rev ff)"


def _judge(section: PciSection, _case: Case) -> Iterator[Finding]:
    untold: Absent | None = None
    for device in section.devices:
        gone = device.revision_ff
        if gone is False or (kind := kind_of(device)) not in _KINDS:
            continue
        if gone is True:
            yield _lost(device, kind)
        elif gone not in NEUTRAL:
            untold = gone
    if untold is not None:
        raise CannotTellError("whether all devices answer", untold)
    if not section.complete:
        raise CannotTellError("all devices", f"the list ends in the middle of the {len(section.devices)}th")


def _lost(device: PciDevice, kind: str) -> Finding:
    return Finding(
        check="pci-lost",
        subject=device_subject(device),
        code="all-ones",
        result=Result.FAULT,
        action=Action.REBOOT,
        message=f"the {kind} at {device.address} does not answer on the bus (reads as all ones): power the node off and "
        "on; the second time it is to be replaced",
        observed="all ones",
        source=_SOURCE,
    )


CHECK = Check(
    name="pci-lost",
    about="Every GPU, NVSwitch, HCA and NVMe disk that the bus lists answers on it.",
    section=SectionName.PCI,
    subjects=pci_section,
    judge=_judge,
    detail="The kernel keeps listing a device that has fallen off the bus; its configuration space then reads as all "
    "ones. A warm reboot may not bring it back.",
    needs=NEEDS,
    again={"all-ones": OFF_BUS},
)
