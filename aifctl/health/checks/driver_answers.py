"""Does the GPU driver answer at all?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import NeutralError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.subjects import NODE

#: How the section ended → what that means. Other ends are ignorance (section-read), these are evidence.
_EVIDENCE = {
    "driver-hung": (Action.REBOOT, "the GPU driver hangs: nothing that asks it comes back; reboot, and don't ask it again before"),
    "library-mismatch": (Action.REBOOT, "the driver in the kernel and its library are of two versions: reboot, or install the driver anew"),
    "no-driver": (Action.REBOOT, "the GPU driver is not loaded"),
}  # fmt: skip


def _subjects(reading: Reading) -> Iterator[tuple[str, SectionEnd]]:
    yield NODE, reading.end(SectionName.GPU)


def _judge(end: SectionEnd, _case: Case) -> Iterator[Finding]:
    if end.status is not SectionStatus.OK and end.code not in _EVIDENCE:
        raise NeutralError("the driver's answer")  # ignorance: it clears nothing that was found before
    if end.code in _EVIDENCE:
        action, message = _EVIDENCE[end.code]
        yield Finding(
            check="driver-answers",
            subject=NODE,
            code=end.code,
            result=Result.FAULT,
            action=action,
            message=message,
            observed=end.message or end.code,
            expected="an answer",
            source="own choice: the probe gives NVML 10 s of silence; 2 s and 5 s are too short on busy GPUs (sonar 92)",
        )


CHECK = Check(
    name="driver-answers",
    about="The GPU driver is loaded, of one version, and answers.",
    section=SectionName.GPU,
    subjects=_subjects,
    judge=_judge,
    judges_ends=True,
    detail="A hung driver is a result of its own, neither unreachable nor unknown: whatever asks it again is stuck as well, so "
    "that the probe does not. A version mismatch is never a reason to replace anything.",
    explained_by=("xid",),
)
