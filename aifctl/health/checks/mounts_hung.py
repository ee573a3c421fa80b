"""Do all file systems answer?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import CannotTellError, NeutralError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Filesystem
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import filesystems

_SAID = {
    "timeout": ("hung", "did not answer in time: its server or its disk hangs, and so does whoever touches it"),
    "stale": ("stale", "is stale: the server knows it no more; mount it anew"),
    "error": ("error", "answers with an error"),
}


def _judge(one: Filesystem, case: Case) -> Iterator[Finding]:
    if one.status == "ok":
        return
    required = _is_required(one.mount, case)
    if one.status == "denied" and required:
        raise CannotTellError(f"whether {one.mount} answers", "the login user may not look there")
    if one.status in {"denied", "hidden"}:
        raise NeutralError(one.mount)
    code, how = _SAID.get(one.status, _SAID["error"])
    somebodys = one.type.startswith("fuse") and not required
    result, action = (Result.WATCH, Action.WATCH) if somebodys else (Result.FAULT, Action.DRAIN)
    yield node_finding(
        "mounts-hung", code, f"{one.mount} ({one.type} of {one.source}) {how}", result=result, action=action,
        observed=one.status, expectation="ok", subject=one.subject,
    )  # fmt: skip


def _is_required(mount: str, case: Case) -> bool:
    required = case.profile.expectations.get("mount.required") if case.profile else None
    return required is not None and mount in required.value


CHECK = Check(
    name="mounts-hung",
    about="Every mounted file system answers.",
    section=SectionName.HOST,
    subjects=filesystems,
    judge=_judge,
    detail="Each is asked by a process of its own, network file systems at once, so that a dead server costs one answer and "
    "not the look. A server that is away shows on many nodes: the incident then stands for their rack, or the fleet. "
    "What the login user may not look into is unknown where the profile requires it, and not judged elsewhere; nor is what "
    "something else is mounted over. A file system in user space that nobody requires is its user's, and watched.",
)
