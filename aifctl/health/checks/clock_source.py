"""Does the kernel count time with what is fast and right?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_SOURCES = "clock.sources"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    found = told(node.clock_source, "clock source")
    expected = case.expect(_SOURCES)
    if found in expected.value:
        return
    said = f"the kernel counts time with {found}, not {' or '.join(expected.value)}: it found its counter unstable, and a boot sets it back"
    yield node_finding(
        "clock-source", "slow", said, result=Result.WATCH, action=Action.FIX, observed=found, expected=expected
    )


CHECK = Check(
    name="clock-source",
    about="The kernel counts time with the processor's own counter.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_SOURCES, type=list, about="clock sources that are fast"),),
    detail="With hpet or acpi_pm each look at the time is a thousand times as dear.",
)
