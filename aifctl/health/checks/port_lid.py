"""Has the subnet manager given the port an address?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, known, told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.fabric_ports import need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import ports

_SOURCE = "InfiniBand Architecture Specification, volume 1: LID 0 is reserved, an active port has been given one"


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    if told(port.link_layer, "link layer") != "infiniband" or told(port.state, "port state") != "active":
        raise NeutralError("LIDs are given to active InfiniBand ports")
    for code, what, lid in (("lid", "a LID", port.lid), ("sm-lid", "a subnet manager's LID", port.sm_lid)):
        if told(lid, code.replace("-", " ")) == 0:
            yield Finding(
                check="port-lid",
                subject=port.subject,
                code=code,
                result=Result.DEGRADED,
                action=Action.FIX,
                message=f"port {port.device}/{port.number} is active without {what}: have the fabric's subnet manager "
                "looked at",
                observed=0,
                expected="not 0",
                source=_SOURCE,
                identity=known(port.guid, ""),
                debounced=True,
            )


CHECK = Check(
    name="port-lid",
    about="Active InfiniBand ports have a LID and know their subnet manager.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    detail="Many nodes at once are the subnet manager's; one port alone may have been plugged into another fabric.",
    explained_by=("port-state", "pci-lost"),
)
