"""runs resume and retry: which nodes are left to do, which a person must decide about, and the new run that does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aifctl.core.errors import BusyError, RefusedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_chain import AGAIN, RunChain, parse_again, read_chain
from aifctl.fanout.run_nodes import listed, outcomes_named
from aifctl.fanout.runs import RunRecord, read_run
from aifctl.fleet.nodeset_fold import fold_short

#: Does the work in `record.head["work"]` on these nodes, as a new run whose head has `resumed_from: record.run_id`.
Dispatch = Callable[[RunRecord, tuple[str, ...]], Report]

#: What `runs retry` repeats where --outcome does not say.
FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """What a new run has to do.

    Attributes:
        record: the run that was named; its head holds the work.
        chain: every run that continues another of them.
        names: the nodes to do, in the order of the first run's dispatch.
        held: by outcome, the nodes that are neither done nor in `names`; they are for a person to decide about.
    """

    record: RunRecord
    chain: RunChain
    names: tuple[str, ...]
    held: Mapping[Outcome, tuple[str, ...]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that name the nodes that are held back, and how each is repeated."""
        run_id = self.record.run_id
        return tuple(_held_note(run_id, outcome, names) for outcome, names in self.held.items())


def plan_resume(state: StateDir, reference: str, again: str | None = None) -> Continuation:
    """Return the rest of a run: nodes on which nothing has happened, and those whose outcome `again` names.

    Raises:
        BusyError: the run, or one that resumes it, is still going on.
        RefusedError: the journal of a link is damaged and `again` does not have lost.
    """
    wanted = parse_again(again)
    record, chain = _idle_chain(state, reference)
    return Continuation(record=record, chain=chain, names=chain.resume_targets(wanted), held=chain.held_back(wanted))


def plan_retry(state: StateDir, reference: str, outcomes: str | None = None) -> Continuation:
    """Return the nodes that stand at these outcomes (throttled,connect-timeout, failed, unreachable, not-started).

    Where `outcomes` is None: all that failed. A chosen node is repeated whatever may have happened on it before.
    """
    wanted = outcomes_named(listed(outcomes) or (FAILED,))
    record, chain = _idle_chain(state, reference)
    names = chain.retry_targets(wanted)
    if not names:
        stand = sorted(set(chain.outcomes.values()))
        raise UsageError(
            f"no node of run {record.run_id} is {outcomes or FAILED}; its nodes are {', '.join(stand) or 'none'}"
        )
    return Continuation(record=record, chain=chain, names=names)


def resume_run(reference: str, state: StateDir, dispatch: Dispatch, *, again: str | None = None) -> Report:
    """Do the rest of a run; where nothing is left, say so (exit 3 where nodes are held back, else 0)."""
    rest = plan_resume(state, reference, again)
    if rest.names:
        report = dispatch(rest.record, rest.names)
        return replace(report, notes=(*rest.notes, *report.notes))
    nothing = f"nothing of run {rest.record.run_id} is left to do"
    return Report(
        exit=ExitCode.COVERAGE if rest.held else ExitCode.OK,
        notes=(nothing, *rest.notes),
        summary={"run": rest.record.run_id, "left_count": 0},
        complete=not rest.held,
    )


def retry_run(reference: str, state: StateDir, dispatch: Dispatch, *, outcomes: str | None = None) -> Report:
    """Do a run again on the nodes that stand at these outcomes."""
    chosen = plan_retry(state, reference, outcomes)
    return dispatch(chosen.record, chosen.names)


def _idle_chain(state: StateDir, reference: str) -> tuple[RunRecord, RunChain]:
    record = read_run(state, reference)
    chain = read_chain(state, record)
    running = chain.running
    if running is not None:
        process = running.summary.writer
        where = f" (pid {process.pid} on {process.control_host})" if process else ""
        which = "is" if running.run_id == record.run_id else f"is continued by run {running.run_id}, which is"
        raise BusyError(
            f"run {record.run_id} {which} still going on{where}; wait for it, or `aifctl runs stop {running.run_id}`"
        )
    if "work" not in record.head:
        raise RefusedError(
            f"the journal of run {record.run_id} does not say what its {record.summary.verb} did; start it anew"
        )
    return record, chain


def _held_note(run_id: str, outcome: Outcome, names: tuple[str, ...]) -> str:
    verb = f"resume {run_id} --again {outcome}" if outcome in AGAIN else f"retry {run_id} --outcome {outcome}"
    what = "started, and what they did is unknown" if outcome is Outcome.LOST else "not repeated by themselves"
    return f"{len(names)} {outcome} ({fold_short(names)}): {what}; `aifctl runs {verb}` repeats them"
