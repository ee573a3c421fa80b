"""Have the fabric's ports trained to their full rate?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import RATE, need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import ports


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    if told(port.state, "port state") == "down":
        raise NeutralError("rate of a port that is down")
    rate, expected = told(port.rate_gbits_s, "rate"), case.expect(RATE)
    if rate >= expected.value:
        return
    yield Finding(
        check="port-rate",
        subject=port.subject,
        code="slow",
        result=Result.DEGRADED,
        action=Action.CABLE,
        message=f"port {port.device}/{port.number} runs at {rate:g} of {expected.value:g} Gbit/s: cable, transceiver or "
        "switch port",
        observed=rate,
        expected=expected.value,
        source=expected.source,
        identity=known(port.guid, ""),
        debounced=True,
    )


CHECK = Check(
    name="port-rate",
    about="The fabric's ports run at their full rate.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    needs=(Threshold(key=RATE, type=float, low=2.5, high=1600, about="Gbit/s of each (400: NDR)"),),
    detail="A port that is down tells a default rate (10 or 40) and is left to port-state. A port that has trained to "
    "half its rate is active, and slows every collective that it takes part in.",
    explained_by=("port-state", "pci-lost"),
)
