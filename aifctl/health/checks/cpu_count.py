"""Are all processors there?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_COUNT = "cpu.count"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if case.profile and _COUNT not in case.profile.expectations:
        raise NeutralError("CPUs")
    found = told(node.cpu_count, "CPUs")
    expected = case.expect(_COUNT)
    if found >= expected.value:
        return
    said = f"{found} of {expected.value} CPUs are online: a setting of the BIOS (threads), some taken offline, or a processor gone"
    yield node_finding(
        "cpu-count", "missing", said, result=Result.DEGRADED, action=Action.FIX, observed=found, expected=expected
    )


CHECK = Check(
    name="cpu-count",
    about="All CPUs are online.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_COUNT, type=int, low=1, high=8192, optional=True, about="logical CPUs, threads included"),),
    detail="Counts logical CPUs that are online. More than expected is no finding.",
)
