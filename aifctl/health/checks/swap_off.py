"""Is swap off?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding, shown_bytes
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_MOST = "memory.swap_bytes"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    found = told(node.swap_total_bytes, "swap")
    most = case.expect(_MOST)
    if found <= most.value:
        return
    said = f"{shown_bytes(found)} of swap is on, and {shown_bytes(most.value)} is allowed: swapoff -a, and take it out of fstab"
    yield node_finding("swap-off", "on", said, result=Result.WATCH, action=Action.FIX, observed=found, expected=most)


CHECK = Check(
    name="swap-off",
    about="No more swap is on than is allowed.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_MOST, type=int, low=0, high=1 << 46, about="bytes of swap that a node may have"),),
    detail="A rank that swaps holds up all others; it had better be killed.",
)
