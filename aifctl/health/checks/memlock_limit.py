"""May a user's processes pin as much memory as RDMA needs?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding, shown_bytes
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_LEAST = "limit.memlock_bytes"
_UNLIMITED = -1


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    limits = told(node.limits, "limits of the login session")
    least = case.expect(_LEAST)
    if "memlock_bytes" not in limits:
        raise CannotTellError("memlock", "the session's limits do not say")
    found = limits["memlock_bytes"]
    if found == _UNLIMITED or (least.value != _UNLIMITED and found >= least.value):
        return
    wanted = "unlimited" if least.value == _UNLIMITED else shown_bytes(least.value)
    said = (
        f"a login session may lock {shown_bytes(found)} of memory, not {wanted}: RDMA will fail (limits.conf, memlock)"
    )
    yield node_finding(
        "memlock-limit", "low", said, result=Result.WATCH, action=Action.FIX, observed=found, expected=least
    )


CHECK = Check(
    name="memlock-limit",
    about="A login session may lock as much memory as RDMA needs.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_LEAST, type=int, low=-1, high=1 << 50, about="bytes that a session may lock; -1: unlimited"),
    ),
    detail="The limit of the session that the probe runs in. Root's is its own, and says nothing of users: a fleet that is "
    "looked at as root is not judged. Jobs that a scheduler starts have that one's limits.",
)
