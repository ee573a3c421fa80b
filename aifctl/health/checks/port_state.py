"""Is every port of the fabric up?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import COUNT, need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import ports

#: What the physical state says of who is to look: nobody answers at the other end, or somebody has turned it off here.
_OFF_HERE = {"disabled": "it is disabled on the node (by an administrator or its driver)", "sleep": "it is asleep"}
_NO_PEER = {
    "polling": "it is looking for a peer: cable, transceiver or switch port",
    "training": "it does not get through training: cable or transceiver",
    "link-error-recovery": "its link is recovering from errors: cable or transceiver",
    "link-up": "its link is up, and the subnet manager has not brought it to active",
}


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    state = told(port.state, "port state")
    if state == "active" and known(port.physical_state, "link-up") == "link-up":
        return
    expected = case.expect(COUNT)
    physical = known(port.physical_state, "unknown")
    why = _OFF_HERE.get(physical) or _NO_PEER.get(physical) or f"its physical state is {physical}"
    of_subnet = physical == "link-up"
    yield Finding(
        check="port-state",
        subject=port.subject,
        code="subnet" if of_subnet else physical,
        result=Result.FAULT,
        action=Action.FIX if of_subnet or physical in _OFF_HERE else Action.CABLE,
        message=f"port {port.device}/{port.number} of the fabric is {state}: {why}",
        observed=f"{state}, {physical}",
        expected="active, link-up",
        source=expected.source,
        identity=known(port.guid, ""),
        debounced=True,
    )


CHECK = Check(
    name="port-state",
    about="Every port of the fabric is active and its link is up.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    needs=(Threshold(key=COUNT, type=int, low=0, high=64, about="ports that the node has in the fabric"),),
    detail="Polling is a cable's, a transceiver's or a switch port's affair and goes to hands in the datacenter; Disabled "
    "is turned off on the node and is fixed there. Which ports count follows from the profile: so many, InfiniBand, at "
    "that rate; storage and management ports may be down as they like.",
    explained_by=("pci-lost",),
)
