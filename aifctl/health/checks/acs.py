"""Do bridges let GPUs and HCAs talk past the processor?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError
from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import bridges_above, by_address, is_gpu, is_hca
from aifctl.diagnosis.pcie_links import pci_section
from aifctl.diagnosis.reading import SectionName

_SOURCE = "NVIDIA GPUDirect Storage design guide: ACS must be off for peer-to-peer traffic on bare metal"
#: By section, which nodes that are built alike share (sysfs_pci).
_OFF: OfSame[bool] = OfSame()


def _all_fine(sections: Sequence[PciSection], _case: Case) -> bool:
    return all(_OFF.made(section, _is_off) for section in sections)


def _is_off(section: PciSection) -> bool:
    return {bridge.acs_source_validation for bridge in _between(section)} == {False}


def _judge(section: PciSection, _case: Case) -> Iterator[Finding]:
    bridges = _between(section)
    told = [one for one in bridges if not isinstance(one.acs_source_validation, Absent)]
    for bridge in told:
        if bridge.acs_source_validation:
            yield Finding(
                check="acs",
                subject=bridge.subject,
                code="on",
                result=Result.WATCH,
                action=Action.FIX,
                message=f"ACS is on at {bridge.address}, between a GPU and an HCA: their traffic takes the way through the "
                "processor; turn it off in the BIOS or at boot (setpci)",
                observed="SrcValid+",
                expected="SrcValid-",
                source=_SOURCE,
            )
    # It takes root to see it, and it costs speed, not health: a sweep by another user has not judged it, no more.
    untold = [why for one in bridges if isinstance(why := one.acs_source_validation, Absent) and why not in NEUTRAL]
    if any(why is not Absent.DENIED for why in untold):
        raise CannotTellError("ACS of all bridges", next(why for why in untold if why is not Absent.DENIED))
    if not told:
        raise NeutralError("ACS")


def _between(section: PciSection) -> list[PciDevice]:
    """Return the bridges above GPUs and HCAs that share one: where they share none, traffic passes the processor anyway."""
    devices = by_address(section)
    of_gpus = [list(bridges_above(one, devices)) for one in section.devices if is_gpu(one)]
    of_hcas = [list(bridges_above(one, devices)) for one in section.devices if is_hca(one)]
    above_gpus = {one.address for path in of_gpus for one in path}
    above_hcas = {one.address for path in of_hcas for one in path}
    shared = above_gpus & above_hcas
    paths = (path for path in (*of_gpus, *of_hcas) if any(one.address in shared for one in path))
    wanted = {one.address for path in paths for one in path}
    return [one for one in section.devices if one.address in wanted]


CHECK = Check(
    name="acs",
    about="Access Control Services are off at the bridges between GPUs and HCAs.",
    section=SectionName.PCI,
    subjects=pci_section,
    judge=_judge,
    all_fine=_all_fine,
    detail="Only bridges above a GPU and an HCA that share one are judged; a healthy node has ACS on elsewhere. Reading it "
    "takes root.",
)
