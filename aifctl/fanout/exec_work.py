"""The work of `run` and `script`: one command per node, its output captured, its end told."""

from __future__ import annotations

from dataclasses import dataclass

from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, Ended, Link
from aifctl.ports.work import Desk, NodeResult

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecWork:
    """Run one command on each node."""

    command: Command

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Run the command to its end; NodeError as `Link.execute` raises it."""
        stdout, stderr = desk.capture("stdout"), desk.capture("stderr")
        await desk.about_to_start()
        ended = await link.execute(self.command, stdout=stdout.write, stderr=stderr.write, feed=desk.feed())
        started_at, duration_s = desk.timing()
        outcome = outcome_of(ended)
        return NodeResult(
            node=endpoint.name,
            outcome=outcome,
            rc=ended.rc,
            signal=ended.signal,
            started_at=started_at,
            duration_s=duration_s,
            stdout=stdout.finish(),
            stderr=stderr.finish(),
            message="" if outcome is Outcome.OK else message_of(ended, timeout_s=self.command.timeout_s),
            survivors=ended.survivors,
        )


def outcome_of(ended: Ended) -> Outcome:
    """Return how a command's end counts; an end without status or signal is `unreadable`."""
    if ended.halted is not None:
        return ended.halted
    if ended.signal is not None:
        return Outcome.SIGNALLED
    if ended.rc is None:
        return Outcome.UNREADABLE
    return Outcome.EXIT if ended.rc else Outcome.OK


def message_of(ended: Ended, *, timeout_s: float | None) -> str:
    """Return the sentence that goes with an end that is not ok; "" for an exit code, which says it all."""
    if ended.halted is Outcome.TIMEOUT:
        limit = f" its {timeout_s:g} s" if timeout_s is not None else " its time"
        return f"ran past{limit} and was ended{_survivors(ended)}"
    if ended.halted is not None:
        return f"ended{_survivors(ended)}"
    if ended.signal is not None:
        return f"ended by signal {printable(ended.signal)}"
    return "" if ended.rc is not None else "the node said neither an exit code nor a signal"


def _survivors(ended: Ended) -> str:
    if ended.survivors is None:
        return "; whether anything of it still runs could not be learnt"
    if not ended.survivors:
        return ""
    named = ", ".join(map(str, ended.survivors[:_MOST_NAMED])) + (", …" if len(ended.survivors) > _MOST_NAMED else "")
    if len(ended.survivors) == 1:
        return f"; process {named} outlived KILL"
    return f"; {len(ended.survivors)} processes outlived KILL: {named}"
