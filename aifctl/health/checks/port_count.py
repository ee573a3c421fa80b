"""Are all ports of the fabric there?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, NeutralError, known
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import COUNT, RATE, fabric_ports, port_section
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci_tree import is_hca
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import NODE


def _judge(section: PortSection, case: Case) -> Iterator[Finding]:
    if case.profile is None and not section.ports:
        raise NeutralError("fabric ports")
    if not section.complete:
        raise CannotTellError("all ports", f"the list ends after {len(section.ports)} in an error")
    expected, rate = case.expect(COUNT), case.expect(RATE)
    found = fabric_ports(section.ports, expected.value, rate.value)
    if len(found) >= expected.value:
        return
    yield Finding(
        check="port-count",
        subject=NODE,
        code="missing",
        result=Result.FAULT,
        action=Action.DRAIN,
        message=f"{len(found)} of {expected.value} fabric ports are there{_on_the_bus(case)}",
        observed=len(found),
        expected=expected.value,
        source=expected.source,
        facts={"there": [f"{port.device}/{port.number}" for port in found]},
        debounced=True,
    )


def _on_the_bus(case: Case) -> str:
    """Say of HCAs that the bus shows and no driver has taken."""
    devices = case.reading.pci.devices if case.reading.pci else ()
    idle = [one.address for one in devices if is_hca(one) and not known(one.driver, "") and one.revision_ff is False]
    return f"; no driver has taken {', '.join(idle[:8])}" if idle and case.reading.pci else ""


CHECK = Check(
    name="port-count",
    about="The node has as many fabric ports as its kind has.",
    section=SectionName.PORT,
    subjects=port_section,
    judge=_judge,
    needs=(
        Threshold(key=COUNT, type=int, low=0, high=64, about="ports that the node has in the fabric"),
        Threshold(key=RATE, type=float, low=2.5, high=1600, about="Gbit/s of each (400: NDR)"),
    ),
    detail="Counts ports that are InfiniBand at the profile's rate, then what else they may have become; a missing one is "
    "an HCA that has left the bus or has no driver.",
    explained_by=("pci-lost",),
)
