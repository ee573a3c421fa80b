"""runs show: a run's results as it printed them, from its journal; no node is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.outcome import Outcome
from aifctl.core.report import RUN, Coverage, Head, Item, Report
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.dispatch.verdict import coverage_of
from aifctl.fanout.run_ids import resolve_run
from aifctl.fanout.run_summary import RunState, command_of
from aifctl.fanout.runs import NEVER_STARTED, RUNNING_NOW, RunRecord, read_run
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.work import NodeResult

_NEVER_MESSAGE = "never started: the run ended before its turn came"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAsked:
    """`selector` None means all nodes of the run."""

    run: str
    selector: str | None = None


def show_run(asked: ShowAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report what became of each node of a run: skipped and never started ones included, in flight ones counted."""
    record = read_run(tools.state, resolve_run(tools.state, asked.run))
    names = _shown(asked, record, tools)
    sink.open(Head(kind=RUN, facts=head_facts(record)))
    for name in names:
        item = _item(record, name)
        if item is not None:
            sink.item(item)
    counts = Counter(record.outcomes[name] for name in names)
    return Report(
        coverage=coverage_of_names(counts),
        summary={"run": record.run_id, "state": record.state.value, "counts": dict(counts)},
        notes=notes_on(record),
        complete=record.state is RunState.DONE and not record.damage,
    )


def result_item(result: NodeResult) -> Item:
    """Return one node's result as an item of RUN."""
    return {
        "node": result.node,
        "outcome": result.outcome.value,
        "rc": result.rc,
        "signal": result.signal,
        "started_at": result.started_at or None,
        "duration_s": result.duration_s if result.started_at else None,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "message": result.message,
        "survivors": result.survivors,
        "attempts": result.attempts,
        **({"detail": dict(result.detail)} if result.detail else {}),
    }


def head_facts(record: RunRecord) -> dict[str, object]:
    """Return what stands above a run's results."""
    facts = {key: record.head.get(key) for key in ("selector", "inventory", "who", "resumed_from")}
    known = {key: value for key, value in facts.items() if value is not None}
    return {"run": record.run_id, "verb": record.summary.verb, "command": command_of(record.head), **known}


def coverage_of_names(counts: Mapping[str, int]) -> Coverage:
    """Return coverage where never started and still running nodes count as asked and not answered."""
    waiting = counts.get(NEVER_STARTED, 0) + counts.get(RUNNING_NOW, 0)
    known = {Outcome(name): count for name, count in counts.items() if name not in {NEVER_STARTED, RUNNING_NOW}}
    return coverage_of(known, not_reached=waiting, skipped=0)


def notes_on(record: RunRecord) -> tuple[str, ...]:
    """Return what a person must know beside the rows: that it runs, broke off, ended early or is damaged."""
    notes = []
    if record.state is RunState.RUNNING:
        notes.append(_going_on(record))
    elif record.state is RunState.CRASHED:
        notes.append(_broke_off(record))
    elif record.state is RunState.STOPPED:
        reason = record.reason or f"exit {record.summary.stopped:d}"
        notes.append(f"run {record.run_id} ended early ({reason}); `aifctl runs resume {record.run_id}` does the rest")
    if record.damage:
        notes.append(
            f"the journal of run {record.run_id} is damaged ({'; '.join(map(str, record.damage[:3]))}): nodes without a "
            "record count as lost"
        )
    return tuple(notes)


def _going_on(record: RunRecord) -> str:
    counts = Counter(record.outcomes.values())
    return (
        f"run {record.run_id} is still running: {counts[RUNNING_NOW]} nodes are in flight, {counts[NEVER_STARTED]} wait "
        "for their turn"
    )


def _broke_off(record: RunRecord) -> str:
    lost = [name for name, outcome in record.outcomes.items() if outcome == Outcome.LOST]
    rest = sum(outcome == NEVER_STARTED for outcome in record.outcomes.values())
    what = f"{len(lost)} nodes were started and have no end ({fold_short(lost)})" if lost else "no node was in flight"
    return (
        f"run {record.run_id} broke off, its process is gone: {what}, {rest} were never started; "
        f"`aifctl runs resume {record.run_id}` does the rest"
    )


def _shown(asked: ShowAsked, record: RunRecord, tools: Toolbox) -> Sequence[str]:
    if asked.selector is None:
        return tuple(record.outcomes)
    chosen = frozenset(choose(Chosen(selector=asked.selector), tools.known_fleet, tools))
    names = tuple(name for name in record.outcomes if name in chosen)
    if not names:
        raise UsageError(f"run {record.run_id} was not for any node of {asked.selector!r}")
    return names


def _item(record: RunRecord, name: str) -> Item | None:
    """Return a node's row; None while the run goes on and nothing is known yet."""
    result = record.result(name)
    if result is not None:
        return result_item(result)
    if record.state is RunState.RUNNING:
        return None
    never = NodeResult(node=name, outcome=Outcome.CANCELLED, attempts=0, message=_NEVER_MESSAGE)
    return result_item(never)
