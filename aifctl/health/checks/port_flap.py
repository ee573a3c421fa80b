"""Do the fabric's links stay up?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import CannotTellError, known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import has_fabric_port, need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.growth_rate import has_grown, last_grown_at
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import port_identity
from aifctl.diagnosis.subjects import ports

_COUNTER = "link_downed"


def _all_fine(ports: Sequence[Port], case: Case) -> bool:
    if has_grown(case.memory, (_COUNTER,)):
        return False
    return all(_COUNTER in port.counters for port in ports) and has_fabric_port(ports, case)


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    if _COUNTER not in told(port.counters, "counters"):
        raise CannotTellError(_COUNTER, "the port has no such counter")
    identity = port_identity(port)
    if (identity, _COUNTER) not in case.memory.growths:
        return
    most, window = case.expect("port.flap_count"), case.expect("port.flap_window_s")
    count = case.memory.grown(identity, _COUNTER, within_s=window.value, now_s=case.reading.at_s)
    if count == 0:
        return
    sick = count >= most.value
    yield Finding(
        check="port-flap",
        subject=port.subject,
        code="flapping" if sick else "flapped",
        result=Result.FAULT if sick else Result.WATCH,
        action=Action.DRAIN if sick else Action.WATCH,
        message=f"the link of port {port.device}/{port.number} went down {count} time{'s' if count > 1 else ''} in the "
        f"last {window.value / 3600:g} h: cable, transceiver or switch port",
        observed=count,
        expected=f"less than {most.value} in {window.value / 3600:g} h",
        source=most.source,
        identity=known(port.guid, ""),
        at_s=last_grown_at(case.memory, identity, _COUNTER),
    )


CHECK = Check(
    name="port-flap",
    about="The fabric's links do not go down and come back.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(
            key="port.flap_count", type=int, low=1, high=1000, about="times down in the window that are too many"
        ),
        Threshold(key="port.flap_window_s", type=float, low=60, high=86400, about="seconds; memory reaches back 24 h"),
    ),
    detail="By the growth of link_downed since this boot, as the port counts it: what fell between two looks is seen, too. "
    "Once is watched, often is drained.",
    moving=True,
    explained_by=("port-state", "pci-lost"),
)
