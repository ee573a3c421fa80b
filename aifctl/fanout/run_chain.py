"""A run and all that continued it: what is left to do, so that each node is done once however often it is resumed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from aifctl.core.errors import UsageError
from aifctl.core.outcome import NOT_STARTED, Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_nodes import listed
from aifctl.fanout.run_summary import RunState, read_summary
from aifctl.fanout.runs import NEVER_STARTED, RUNNING_NOW, RunRecord, read_run

#: Nothing happened on the node: the run never came to it, or could not get in.
_UNTOUCHED = frozenset({NEVER_STARTED, *(outcome.value for outcome in NOT_STARTED)})
#: What `--again` may name: something happened, and the node did not answer to the end.
AGAIN = (Outcome.LOST, Outcome.CANCELLED, Outcome.TIMEOUT, Outcome.UNREADABLE, Outcome.UNKNOWN)
_DONE = frozenset({Outcome.OK.value, Outcome.EXIT.value, Outcome.SIGNALLED.value})


@dataclass(frozen=True, kw_only=True)
class RunChain:
    """Every run that continues another of them, oldest first."""

    runs: tuple[RunRecord, ...]

    @property
    def running(self) -> RunRecord | None:
        """The link whose writer still lives, if one does."""
        return next((run for run in self.runs if run.state is RunState.RUNNING), None)

    @property
    def damaged(self) -> tuple[RunRecord, ...]:
        return tuple(run for run in self.runs if run.damage)

    @cached_property
    def outcomes(self) -> Mapping[str, str]:
        """Node → where it stands after the whole chain, in order of dispatch; skipped nodes are not in it.

        Once something has happened on a node, only something that happened later changes that: a node that was lost
        and could not be reached the next time is still lost.
        """
        standing: dict[str, str] = {}
        touched: set[str] = set()
        for run in self.runs:
            for name in run.nodes:
                outcome = run.outcomes[name]
                if _touched(run, name, outcome):
                    touched.add(name)
                    standing[name] = outcome
                elif name not in touched:
                    standing[name] = outcome
        return standing

    @cached_property
    def _touched(self) -> frozenset[str]:
        return frozenset(name for run in self.runs for name in run.nodes if _touched(run, name, run.outcomes[name]))

    def resume_targets(self, again: Collection[Outcome] = ()) -> tuple[str, ...]:
        """Return the nodes on which nothing has happened in any link, and those whose outcome `again` names."""
        wanted = {outcome.value for outcome in again}
        return tuple(name for name, outcome in self.outcomes.items() if name not in self._touched or outcome in wanted)

    def held_back(self, again: Collection[Outcome] = ()) -> Mapping[Outcome, tuple[str, ...]]:
        """Return the nodes that are neither done nor resumed, by outcome: a person must say whether they are repeated."""
        held: dict[Outcome, list[str]] = {}
        targets = frozenset(self.resume_targets(again))
        for name, outcome in self.outcomes.items():
            if name not in targets and outcome not in _DONE and outcome != RUNNING_NOW:
                held.setdefault(Outcome(outcome), []).append(name)
        return {outcome: tuple(names) for outcome, names in held.items()}

    def retry_targets(self, outcomes: Collection[str]) -> tuple[str, ...]:
        """Return the nodes that stand at one of these outcomes (or `not-started`) after the whole chain."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome in outcomes)


def read_chain(state: StateDir, record: RunRecord) -> RunChain:
    """Read the runs that `record` continues and those that continue it or one of them.

    A link that was removed since ends the chain on its side; heads of later runs are looked through, 50 µs each.
    """
    root = _root(state, record)
    links = {root.run_id}
    # Ids sort by time and a run is younger than what it continues, so one pass forward finds every descendant.
    for run_id in run_ids(state):
        summary = read_summary(state, run_id) if run_id > root.run_id else None
        if summary is not None and summary.resumed_from in links:
            links.add(run_id)
    known = {root.run_id: root, record.run_id: record}
    return RunChain(runs=tuple(known.get(run_id) or read_run(state, run_id) for run_id in sorted(links)))


def parse_again(text: str | None) -> tuple[Outcome, ...]:
    """Turn `--again lost,cancelled` into outcomes; UsageError for what `resume` never repeats."""
    names = listed(text)
    known = {outcome.value: outcome for outcome in AGAIN}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"--again does not take {', '.join(unknown)}: it takes {', '.join(known)}; "
            "`aifctl runs retry --outcome` repeats nodes that have answered"
        )
    return tuple(known[name] for name in names)


def _root(state: StateDir, record: RunRecord) -> RunRecord:
    seen = {record.run_id}
    kept = set(run_ids(state))
    while (before := record.summary.resumed_from) in kept and before not in seen:
        seen.add(before)
        record = read_run(state, before)
    return record


def _touched(run: RunRecord, name: str, outcome: str) -> bool:
    """Tell whether something has, or may have, happened on a node: sent is sent, whatever the outcome says."""
    if outcome == Outcome.SKIPPED:  # where that came over the wire, the node has refused: another run holds it
        return False
    return run.sent(name) or outcome not in _UNTOUCHED | {Outcome.CANCELLED.value}
