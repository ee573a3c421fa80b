"""Is the node's clock right?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from aifctl.diagnosis.absent import Absent, CannotTellError, NeutralError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host
from aifctl.fleet.profile import Expectation

_OFFSET_WATCH, _OFFSET_DEGRADED = "clock.offset_watch_s", "clock.offset_degraded_s"
_SKEW_WATCH, _SKEW_FAULT = "clock.skew_watch_s", "clock.skew_fault_s"
#: Before this no H100 was: a node that says so has lost its clock's battery, and nobody has set it since.
_NOT_BEFORE_S = datetime(2022, 1, 1, tzinfo=UTC).timestamp()
_LATEST_S = 253402300799.0  # the year 9999, beyond which no date can be printed


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    yield from _by_ours(case)
    synced = told(node.clock_synced, "whether the clock is kept right")
    if not synced:
        said = "nobody keeps the clock right: start its time service (chronyd), or look why it has no source"
        yield _finding("unsynced", said, Result.WATCH, observed=False, expectation=True)
        return
    if node.clock_offset_s is Absent.NOT_AVAILABLE:
        raise NeutralError("offset of the clock")
    offset_s = told(node.clock_offset_s, "offset of the clock")
    watch, degraded = case.expect(_OFFSET_WATCH), case.expect(_OFFSET_DEGRADED)
    if abs(offset_s) < watch.value:
        return
    bad = abs(offset_s) >= degraded.value
    said = f"the clock is {_span(abs(offset_s))} {_way(offset_s)} its time source"
    yield _finding(
        "offset", said, Result.DEGRADED if bad else Result.WATCH, observed=offset_s, expected=degraded if bad else watch
    )


def _by_ours(case: Case) -> Iterator[Finding]:
    """Compare the node's clock with ours: it says so even where its time service is wrong, or there is none."""
    theirs, ours = case.reading.node_clock_s, case.reading.at_s
    if not ours:
        return  # a file that somebody sent: read whenever
    if theirs is None:
        raise CannotTellError("the node's clock", Absent.MISSING)
    if theirs < _NOT_BEFORE_S:
        said = f"the node's clock says {_date(theirs)}: it was never set since it lost power"
        yield _finding("unset", said, Result.FAULT, observed=_date(theirs), expectation=_date(ours))
        return
    skew_s = theirs - ours
    watch, fault = case.expect(_SKEW_WATCH), case.expect(_SKEW_FAULT)
    if abs(skew_s) <= watch.value:
        return
    result, limit = (Result.FAULT, fault) if abs(skew_s) >= fault.value else (Result.WATCH, watch)
    said = f"the node's clock says {_date(theirs)}, {abs(skew_s):.0f} s {_way(skew_s)} this control host's"
    yield _finding("skew", said, result, observed=round(skew_s, 3), expected=limit)


def _span(length_s: float) -> str:
    return f"{length_s:,.1f} s" if length_s >= 1 else f"{length_s * 1000:.1f} ms"


def _way(offset_s: float) -> str:
    return "ahead of" if offset_s > 0 else "behind"


def _date(at_s: float) -> str:
    return f"{datetime.fromtimestamp(min(max(at_s, 0.0), _LATEST_S), UTC):%Y-%m-%d %H:%M:%S} UTC"


def _finding(
    code: str,
    said: str,
    result: Result,
    *,
    observed: object,
    expected: Expectation | None = None,
    expectation: object = None,
) -> Finding:
    if expected is None:
        expected = Expectation(value=expectation, source="")
    return node_finding(
        "clock-sync", code, said, result=result, action=Action.FIX, observed=observed, expected=expected
    )


CHECK = Check(
    name="clock-sync",
    about="The node's clock is kept right, by its time source's word and by ours.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_OFFSET_WATCH, type=float, low=0, high=3600, about="seconds off its time source: watched"),
        Threshold(key=_OFFSET_DEGRADED, type=float, low=0, high=3600, about="seconds off its time source: degraded"),
        Threshold(
            key=_SKEW_WATCH, type=float, low=0, high=86400, about="seconds off this control host's clock: watched"
        ),
        Threshold(
            key=_SKEW_FAULT, type=float, low=0, high=86400, about="seconds off this control host's clock: a fault"
        ),
    ),
    detail="The node tells its time at the end of its look, and its answer travels: a few seconds behind are no skew. If all "
    "nodes are off alike, look at the control host's clock first.",
    moving=True,
)
