"""Do the fabric's ports speak the fabric's language?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import LAYER, need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import ports


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    layer, expected = told(port.link_layer, "link layer"), case.expect(LAYER)
    if layer == expected.value:
        return
    yield Finding(
        check="port-link-layer",
        subject=port.subject,
        code=layer,
        result=Result.FAULT,
        action=Action.FIX,
        message=f"port {port.device}/{port.number} is set to {layer}, and the fabric is {expected.value}: "
        "set its link type (mlxconfig LINK_TYPE) and restart the node",
        observed=layer,
        expected=expected.value,
        source=expected.source,
        identity=known(port.guid, ""),
    )


CHECK = Check(
    name="port-link-layer",
    about="The fabric's ports are of the fabric's link type.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    needs=(Threshold(key=LAYER, type=str, about="infiniband or ethernet"),),
    detail="A ConnectX-7 that is set to Ethernet is active at 400 Gbit/s too, and takes part in no InfiniBand job: state "
    "and rate alone can't see it.",
    explained_by=("pci-lost",),
)
