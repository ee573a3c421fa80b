"""How a node's result is put together where its work did not do so itself."""

from __future__ import annotations

import traceback
from dataclasses import replace

from aifctl.core.errors import NodeError
from aifctl.core.outcome import ANSWERED, Outcome
from aifctl.fanout.desk import NodeDesk
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult, Output

#: After these the connection is good for a goodbye; after any other it is dropped.
CLOSES_WELL = ANSWERED | {Outcome.TIMEOUT, Outcome.CANCELLED, Outcome.UNREADABLE}

#: `detail` of a node whose output our own disk could not take: dispatch stops.
DISK_FULL = {"disk": "full"}

_LATE = "whether anything of it still runs on the node could not be learnt"


def not_reached(endpoint: Endpoint, problem: NodeError) -> NodeResult:
    """Return the result of a node that could not be dialled."""
    return NodeResult(node=endpoint.name, outcome=problem.outcome, message=problem.message)


def failed(endpoint: Endpoint, problem: NodeError, desk: NodeDesk) -> NodeResult:
    """Return the result of a node whose work gave up; what it had printed by then is kept."""
    started_at, duration_s = desk.timing()
    stdout, stderr = desk.outputs()
    unsure = bool(started_at) and problem.outcome is Outcome.LOST
    return NodeResult(
        node=endpoint.name,
        outcome=problem.outcome,
        rc=1 if problem.outcome is Outcome.EXIT else None,
        started_at=started_at,
        duration_s=duration_s,
        stdout=stdout,
        stderr=stderr,
        message=problem.message,
        survivors=None if unsure else (),
    )


def completed(result: NodeResult, desk: NodeDesk) -> NodeResult:
    """Return a work's own result: with the times it left out, and `local` where its output could not be kept."""
    if desk.started_at and not result.started_at:
        started_at, duration_s = desk.timing()
        result = replace(result, started_at=started_at, duration_s=duration_s)
    problem = desk.problem()
    if not problem:
        return result
    ended = f"; the command itself ended with {result.rc}" if result.rc is not None else ""
    return replace(result, outcome=Outcome.LOCAL, message=problem + ended, detail={**result.detail, **DISK_FULL})


def explained(result: NodeResult, why: str | None) -> NodeResult:
    """Return a result that was cut short with what cut it short."""
    if why is None or result.outcome is not Outcome.CANCELLED:
        return result
    return replace(result, message=f"{why}: {result.message or 'ended'}")


def cut_before_start(endpoint: Endpoint, why: str) -> NodeResult:
    """Return the result of a node on which nothing was begun because the run ends."""
    return NodeResult(node=endpoint.name, outcome=Outcome.CANCELLED, message=f"{why}: nothing was started")


def cut(endpoint: Endpoint, why: str, desk: NodeDesk) -> NodeResult:
    """Return the result of a node that was left in the middle of its work."""
    started_at, duration_s = desk.timing()
    if not started_at:
        return cut_before_start(endpoint, why)
    stdout, stderr = desk.outputs()
    return NodeResult(
        node=endpoint.name,
        outcome=Outcome.CANCELLED,
        started_at=started_at,
        duration_s=duration_s,
        stdout=stdout,
        stderr=stderr,
        message=f"{why}; {_LATE}",
        survivors=None,
    )


def bug(node: str, desk: NodeDesk | None = None) -> NodeResult:
    """Return `unknown` for the exception being handled, its traceback kept; never raises."""
    started_at, duration_s = desk.timing() if desk else (0.0, 0.0)
    trace = traceback.format_exc()
    stdout, stderr = desk.outputs() if desk else (Output(), Output())
    return NodeResult(
        node=node,
        outcome=Outcome.UNKNOWN,
        stdout=stdout,
        stderr=stderr,
        started_at=started_at,
        duration_s=duration_s,
        message=f"a bug of ours: {trace.strip().rpartition(chr(10))[2]}",
        survivors=None if started_at else (),
        trace=trace,
    )


def with_trace(result: NodeResult) -> NodeResult:
    """Return a result that stands, with the traceback of what failed behind it."""
    return replace(result, trace=traceback.format_exc())
