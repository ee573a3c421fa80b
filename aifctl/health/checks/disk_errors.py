"""Do the disks count errors of their medium?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError, known, told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host


def _judge(node: Host, case: Case) -> Iterator[Finding]:  # noqa: ARG001 - every judge takes both
    found = told(node.disks, "disks")
    counts = [disk.media_error_count for disk in found]
    if counts and not any(counts):
        return  # nearly always, on thousands of nodes
    for disk in found:
        count = known(disk.media_error_count, 0)
        if count:
            said = f"disk {disk.name} has counted {count} error(s) of its medium: what was written can't be read"
            yield node_finding(
                "disk-errors", "media-errors", said, result=Result.WATCH, action=Action.WATCH, observed=count, expectation=0,
                source="NVM Express Base Specification, SMART / Health Information log", subject=disk.subject,
                identity=known(disk.serial, ""),
            )  # fmt: skip
    _all_told([(disk.name, disk.media_error_count) for disk in found])


def _all_told(counts: list[tuple[str, int | Absent]]) -> None:
    for name, count in counts:
        if isinstance(count, Absent) and count not in NEUTRAL and count is not Absent.DENIED:
            raise CannotTellError(f"errors of disk {name}", count)
    if all(isinstance(count, Absent) for _, count in counts):
        raise NeutralError("errors of disks")


CHECK = Check(
    name="disk-errors",
    about="No disk has counted errors of its medium.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    detail="A few in a disk's life are no reason to replace it; its spare is (disk-health). The count takes root: a node that "
    "is looked at as another user is not judged.",
    moving=True,
    explained_by=("disk-health",),
)
