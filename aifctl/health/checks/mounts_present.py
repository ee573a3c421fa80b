"""Are the file systems mounted that jobs count on, and may they be written to?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_REQUIRED = "mount.required"


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    found = {one.mount: one for one in told(node.filesystems, "file systems")}
    required = case.expect(_REQUIRED)
    for mount in required.value:
        one = found.get(mount)
        if one is None or one.status == "hidden":
            yield _finding(mount, "missing", f"nothing is mounted on {mount}", required.source)
        elif told(one.read_only, f"whether {mount} is read-only"):
            said = f"{mount} ({one.source}) can only be read: an error has made the kernel put it aside, or it was mounted so"
            yield _finding(mount, "read-only", said, required.source)


def _finding(mount: str, code: str, said: str, source: str) -> Finding:
    return node_finding(
        "mounts-present", code, said, result=Result.FAULT, action=Action.DRAIN, observed=code, expectation="mounted, rw",
        source=source, subject=f"mount:{mount}",
    )  # fmt: skip


CHECK = Check(
    name="mounts-present",
    about="The file systems that jobs count on are mounted, and can be written to.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(Threshold(key=_REQUIRED, type=list, about="places where something must be mounted that can be written to"),),
    detail="After an error the kernel makes a file system read-only in its own options and not in its mount's: both count. "
    "One on a server that is away is still mounted: mounts-hung says so.",
)
