"""Are the disks well, by what they count and not by what they say?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError, known
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Disk
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import disks

_WATCH, _DEGRADED = "disk.used_watch_pct", "disk.used_degraded_pct"
_NVME = "NVM Express Base Specification, SMART / Health Information log"
#: Bits of critical_warning; that of the spare counts less than its numbers, that of heat is watched.
_WARNINGS = {
    2: "its reliability is degraded",
    3: "it can only be read",
    4: "its cache is no longer backed up",
    5: "its persistent memory can't be relied on",
}
_NO_SPARE, _TOO_HOT = 0, 1
_RUNS_OUT = "it warns that it runs out of spare blocks"
#: <linux/nvme_host.h> and <scsi/scsi_device.h>: well; on the way to it; all others are gone.
_LIVE, _COMING = frozenset({"live", "running"}), frozenset({"new", "created", "resetting", "connecting", "quiesce"})
_TOLD = ("critical_warning", "available_spare_pct", "used_pct")


def _all_fine(disks: Sequence[Disk], case: Case) -> bool:
    worn_pct = case.expect(_WATCH).value
    return all(
        disk.state in _LIVE
        and disk.passed is not False
        and disk.critical_warning == 0
        and _has_spare(disk)
        and disk.used_pct < worn_pct
        for disk in disks
    )


def _has_spare(disk: Disk) -> bool:
    spare, threshold = disk.available_spare_pct, disk.spare_threshold_pct
    return isinstance(spare, int) and isinstance(threshold, int) and spare >= threshold


def _judge(disk: Disk, case: Case) -> Iterator[Finding]:
    state = known(disk.state, "")
    if state in _COMING:
        yield _finding(disk, "resetting", f"its controller is {state}", Result.WATCH, Action.WATCH, state, "live")
    elif state and state not in _LIVE:
        said = f"its controller is {state}: a cold start may bring it back, else replace it"
        yield _finding(disk, "dead", said, Result.FAULT, Action.DRAIN, state, "live")
        return
    if disk.passed is False:
        yield _finding(disk, "failed", "it says of itself that it fails", Result.FAULT, Action.RMA, False, True)
    yield from _spare(disk)
    yield from _warnings(disk)
    yield from _wear(disk, case)
    _all_told(disk)


def _spare(disk: Disk) -> Iterator[Finding]:
    spare, threshold = disk.available_spare_pct, disk.spare_threshold_pct
    warning = known(disk.critical_warning, 0)
    warns = bool(warning >> _NO_SPARE & 1)
    if isinstance(spare, Absent) or isinstance(threshold, Absent):
        if warns:
            yield _finding(disk, "spare", _RUNS_OUT, Result.FAULT, Action.RMA, warning, 0)
    elif spare < threshold:
        claim = ", although it says that all is well" if disk.passed is True or disk.critical_warning == 0 else ""
        said = f"{spare} % of its spare blocks are left, below its own threshold of {threshold} %{claim}"
        yield _finding(disk, "spare", said, Result.FAULT, Action.RMA, spare, threshold)
    elif warns:
        said = f"{_RUNS_OUT}, although {spare} % are left and its threshold is {threshold} %"
        yield _finding(disk, "spare", said, Result.WATCH, Action.WATCH, warning, 0)


def _warnings(disk: Disk) -> Iterator[Finding]:
    warning = known(disk.critical_warning, 0)
    for bit, said in _WARNINGS.items():
        if warning >> bit & 1:
            yield _finding(disk, f"warning-{bit}", f"it warns that {said}", Result.FAULT, Action.RMA, warning, 0)
    if warning >> _TOO_HOT & 1:
        yield _finding(
            disk, "too-hot", "it warns that it is too hot, or too cold", Result.WATCH, Action.WATCH, warning, 0
        )


def _wear(disk: Disk, case: Case) -> Iterator[Finding]:
    if isinstance(disk.used_pct, Absent):
        return
    watch, degraded = case.expect(_WATCH), case.expect(_DEGRADED)
    if disk.used_pct < watch.value:
        return
    bad = disk.used_pct >= degraded.value
    result, action, limit = (Result.DEGRADED, Action.RMA, degraded) if bad else (Result.WATCH, Action.WATCH, watch)
    said = f"it has used {disk.used_pct} % of the endurance that its maker vouches for"
    yield node_finding(
        "disk-health", "worn", f"disk {disk.name}: {said}", result=result, action=action, observed=disk.used_pct,
        expected=limit, subject=disk.subject, identity=known(disk.serial, ""),
    )  # fmt: skip


def _all_told(disk: Disk) -> None:
    if isinstance(disk.state, Absent) and all(getattr(disk, name) in NEUTRAL for name in _TOLD):
        raise NeutralError(disk.name)  # but for its own opinion, which is no reason to call it well
    for name in _TOLD:
        value = getattr(disk, name)
        if isinstance(value, Absent) and value not in NEUTRAL and value is not Absent.DENIED:
            raise CannotTellError(f"{name} of disk {disk.name}", value)
    if isinstance(disk.state, Absent) and disk.state not in NEUTRAL and disk.passed is Absent.NOT_AVAILABLE:
        raise CannotTellError(f"state of disk {disk.name}", disk.state)


def _finding(
    disk: Disk, code: str, said: str, result: Result, action: Action, observed: object, expected: object
) -> Finding:
    return node_finding(
        "disk-health", code, f"disk {disk.name}: {said}", result=result, action=action, observed=observed,
        expectation=expected, source=_NVME, subject=disk.subject, identity=known(disk.serial, ""),
    )  # fmt: skip


CHECK = Check(
    name="disk-health",
    about="Each disk is alive, has spare blocks left, and is not worn out.",
    section=SectionName.HOST,
    subjects=disks,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(
            key=_WATCH, type=float, low=1, high=255, about="percent of its endurance from which on it is watched"
        ),
        Threshold(
            key=_DEGRADED, type=float, low=1, high=255, about="percent of its endurance from which on it is replaced"
        ),
    ),
    detail="By the numbers of its SMART log, never by what a disk says of itself: one with no spare left has been seen to "
    "say that it passed. The log takes root: where the login user may not read it, the state of the controller alone is "
    "judged, else every node of a fleet that is looked at as another user would be unknown. The probe reads it of NVMe "
    "disks; of others, triage judges what smartctl says.",
)
