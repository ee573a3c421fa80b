"""Going on with a sweep that was cut short: the nodes that it has no look at, judged together with those that it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from aifctl.core.errors import BusyError, UsageError
from aifctl.core.report import Head, Report
from aifctl.core.state_dir import StateDir
from aifctl.dispatch.again import nodes_again, pace_again
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.dispatch.timetable import on_time
from aifctl.fanout.run_chain import RunChain, read_chain
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_summary import read_summary
from aifctl.fanout.runs import RunRecord, read_run
from aifctl.health.sweep import VERB, Before, SweepAsked, go_on
from aifctl.health.sweep_report import SWEEP
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import NodeRow
from aifctl.ports.toolbox import Toolbox

LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAsked:
    """Which sweep: its id, its run's, or `latest`. Of `fan` its timetable, deadline, command line and what to show count."""

    sweep: str
    fan: Fan
    quiet: bool = False


def is_sweep(reference: str, state: StateDir) -> bool:
    """Return whether a run is a sweep's; UsageError where there is no such run."""
    return read_run(state, reference).summary.verb == VERB


def resume_sweep(asked: ResumeAsked, tools: Toolbox, sink: Sink) -> Report:
    """Look at the rest of it, and report the whole; where nothing is left, say so."""
    sink.accept(SWEEP)
    return on_time(VERB, asked.fan, tools, partial(_resume, asked, tools, sink))


def retry_sweep(record: RunRecord, names: tuple[str, ...], fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """Look again at some of a sweep's nodes, and report the whole."""
    sink.accept(SWEEP)
    chain = read_chain(tools.state, record)
    before = tuple(row for row in _seen(_sweep_of(chain), chain, tools) if row.node not in frozenset(names))
    asked = ResumeAsked(sweep=record.run_id, fan=fan)
    return _go_on(names, before, chain, asked, record, tools, sink)


def _resume(asked: ResumeAsked, tools: Toolbox, sink: Sink) -> Report:
    record = _record(asked.sweep, tools.state)
    chain = read_chain(tools.state, record)
    if chain.running is not None:
        raise BusyError(
            f"sweep {asked.sweep} still goes on, as run {chain.running.run_id}; wait for it, or "
            f"`aifctl runs stop {chain.running.run_id}`"
        )
    tools = tools.with_given(record.head.get("given", {}))
    sweep = _sweep_of(chain)
    before = _seen(sweep, chain, tools)
    seen = frozenset(row.node for row in before)
    left = tuple(name for name in chain.outcomes if name not in seen)
    if not left:
        sink.open(Head(kind=SWEEP, facts={"verb": VERB, "sweep": sweep}, drawing="changes"))
        return Report(notes=(f"nothing of sweep {sweep} is left to look at",), summary={"sweep": sweep, "counts": {}})
    return _go_on(left, before, chain, asked, record, tools, sink)


def _go_on(
    left: tuple[str, ...],
    before: tuple[NodeRow, ...],
    chain: RunChain,
    asked: ResumeAsked,
    record: RunRecord,
    tools: Toolbox,
    sink: Sink,
) -> Report:
    nodes = nodes_again(record, left, tools)
    names = tuple(name for name in chain.outcomes if name in tools.fleet)
    whole = Before(facts=record.head["work"], sweep=_sweep_of(chain), names=names, rows=before)
    return go_on(whole, nodes, _asked(asked, record), tools, sink)


def _sweep_of(chain: RunChain) -> str:
    root = chain.runs[0]
    return root.head["work"].get("sweep") or root.run_id


def _record(reference: str, state: StateDir) -> RunRecord:
    if reference == LATEST:
        newest = (run_id for run_id in reversed(run_ids(state)) if _verb(state, run_id) == VERB)
        reference = next(newest, "")
        if not reference:
            raise UsageError("there has been no sweep with this state directory; `aifctl sweep` begins one")
    record = read_run(state, reference)
    if record.summary.verb != VERB:
        raise UsageError(
            f"run {record.run_id} was a {record.summary.verb}, no sweep; `aifctl runs resume {record.run_id}` goes on with it"
        )
    return record


def _verb(state: StateDir, run_id: str) -> str:
    summary = read_summary(state, run_id)
    return summary.verb if summary else ""


def _seen(sweep: str, chain: RunChain, tools: Toolbox) -> tuple[NodeRow, ...]:
    """Return the newest looks at those of its nodes that somebody has looked at since the sweep began.

    By the store, not by the journal: what a killed sweep was told in its last second is in neither, or in one alone.
    """
    begun = tools.store.sweep(sweep)
    rows = tools.store.nodes_now(list(chain.outcomes), bodies=True)
    return tuple(row for row in rows if begun and row.at_s >= begun.started_at_s)


def _asked(asked: ResumeAsked, record: RunRecord) -> SweepAsked:
    facts, given = record.head["work"], asked.fan
    pace = pace_again(record.head.get("pace", {}))
    if given.pace.deadline_s is not None:
        pace = replace(pace, deadline_s=given.pace.deadline_s)
    fan = Fan(
        chosen=Chosen(selector=None),
        pace=pace,
        keep=given.keep,
        timetable=given.timetable,
        argv=given.argv,
        resumed_from=record.run_id,
    )
    return SweepAsked(
        fan=fan,
        act=facts["act"],
        fail_on=facts["fail_on"],
        profile=facts["profile"],
        sudo=facts["sudo"],
        quiet=asked.quiet,
    )
