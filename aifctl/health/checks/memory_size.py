"""Has the node the memory that its kind has?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding, shown_bytes
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_TOTAL, _TOLERANCE = "memory.total_bytes", "memory.tolerance_pct"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if case.profile and _TOTAL not in case.profile.expectations:
        raise NeutralError("memory size")
    found = told(node.memory_total_bytes, "memory size")
    total, tolerance = case.expect(_TOTAL), case.expect(_TOLERANCE)
    if found >= total.value * (1 - tolerance.value / 100):
        return
    said = f"the node has {shown_bytes(found)} of memory where {shown_bytes(total.value)} is expected; find the DIMM that is gone"
    yield node_finding(
        "memory-size", "small", said, result=Result.DEGRADED, action=Action.DRAIN, observed=found, expected=total
    )


CHECK = Check(
    name="memory-size",
    about="The node has as much memory as its kind has.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(
            key=_TOTAL, type=int, low=1 << 30, high=1 << 46, optional=True, about="bytes that Linux counts (MemTotal)"
        ),
        Threshold(key=_TOLERANCE, type=float, low=0, high=50, about="percent that may be missing"),
    ),
    detail="A DIMM that has failed its training at boot is gone from MemTotal, a 32nd of a DGX H100's: below the tolerance, "
    "so that dimm-count sees it and this check sees two. More than expected is no finding.",
    explained_by=("dimm-count",),
)
