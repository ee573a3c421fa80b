"""Is there room left on the node's own file systems?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import Absent, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Filesystem
from aifctl.diagnosis.host_findings import is_network, node_finding
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import filesystems

_WATCH, _DEGRADED = "disk.fill_watch_pct", "disk.fill_degraded_pct"


def _subjects(reading: Reading) -> Iterator[tuple[str, Filesystem]]:
    """Yield the node's own file systems that answer; those that don't are the business of mounts-hung."""
    for subject, one in filesystems(reading):
        if not is_network(one.type) and one.status == "ok":
            yield subject, one


def _all_fine(those: Sequence[Filesystem], case: Case) -> bool:
    most_pct = case.expect(_WATCH).value
    return all(one.used_pct < most_pct and one.inodes_used_pct < most_pct for one in those)


def _judge(one: Filesystem, case: Case) -> Iterator[Finding]:
    watch, degraded = case.expect(_WATCH), case.expect(_DEGRADED)
    for code, what, used in (("space", "space", one.used_pct), ("inodes", "inodes", one.inodes_used_pct)):
        if used is Absent.NOT_AVAILABLE:
            continue
        found = told(used, f"{what} of {one.mount}")
        if found < watch.value:
            continue
        bad = found >= degraded.value
        result, action, limit = (Result.DEGRADED, Action.FIX, degraded) if bad else (Result.WATCH, Action.WATCH, watch)
        said = f"{found:g} % of the {what} of {one.mount} is used, and {limit.value:g} % is the most"
        yield node_finding(
            "disk-fill", code, said, result=result, action=action, observed=found, expected=limit, subject=one.subject
        )
    if one.used_pct is Absent.NOT_AVAILABLE is one.inodes_used_pct:
        raise NeutralError("room")


CHECK = Check(
    name="disk-fill",
    about="The node's own file systems have space and inodes left.",
    section=SectionName.HOST,
    subjects=_subjects,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_WATCH, type=float, low=1, high=100, about="percent used from which on it is watched"),
        Threshold(key=_DEGRADED, type=float, low=1, high=100, about="percent used from which on it is degraded"),
    ),
    detail="Percent as df says it: of what an ordinary user may have. File systems on servers are not judged: each of "
    "thousands of nodes would say the same of one that is no node's. What the login user may not look into is not judged "
    "either: it is no file system that jobs use.",
    moving=True,
)
