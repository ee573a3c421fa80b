"""runs list: one line a run, from the first and last 4 KB of each journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aifctl.core.outcome import Outcome
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_summary import RunState, RunSummary, command_of, read_summary
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

RUNS = Kind(
    name="Runs",
    about="Runs that are kept, newest first.",
    key="run",
    keeps_order=True,
    columns=(
        Column(key="run", title="run", type=FieldType.STRING, about="its id"),
        Column(key="started_at", title="started", wide=True, type=FieldType.TIME, about="when its journal was begun"),
        Column(key="duration_s", title="seconds", right=True, type=FieldType.NUMBER, about="null until it has ended"),
        Column(key="state", title="state", type=FieldType.STRING, about="running, done, stopped, crashed, unreadable"),
        Column(key="nodes_count", title="nodes", right=True, type=FieldType.INTEGER, about="it was for"),
        Column(key="ok_count", title="ok", right=True, type=FieldType.INTEGER, about="null until it has ended"),
        Column(key="not_ok_count", title="not ok", right=True, type=FieldType.INTEGER, about="never started included"),
        Column(key="who", title="who", wide=True, type=FieldType.STRING, about="the person"),
        Column(key="command", title="command", type=FieldType.STRING, about="as it was typed"),
    ),
    fields=(
        Field(key="verb", type=FieldType.STRING, about="run, script, push, …"),
        Field(key="selector", type=FieldType.STRING, about="as it was typed"),
        Field(key="ended_at", type=FieldType.TIME, about="null until it has ended"),
        Field(key="skipped_count", type=FieldType.INTEGER, about="left out on purpose"),
        Field(key="counts", type=FieldType.OBJECT, about="nodes by outcome"),
        Field(key="resumed_from", type=FieldType.STRING, about="the run that it continues"),
        Field(key="pid", type=FieldType.INTEGER, about="of the process that writes or wrote it"),
        Field(key="control_host", type=FieldType.STRING, about="where that process ran"),
    ),
)


def list_runs(limit: int | None, tools: Toolbox, sink: Sink) -> Report:
    """Report the newest runs, newest first; one whose journal can't be read is listed as unreadable."""
    known = run_ids(tools.state)[::-1]
    sink.open(Head(kind=RUNS, facts={"state_dir": str(tools.state.path)}))
    unreadable = []
    for run_id in known[:limit]:
        item = run_item(tools.state, run_id)
        if item["state"] == "unreadable":
            unreadable.append(run_id)
        sink.item(item)
    shown = len(known[:limit])
    return Report(
        notes=_notes(len(known), shown, unreadable),
        summary={"runs_count": len(known), "shown_count": shown},
        complete=not unreadable,
    )


def run_item(state: StateDir, run_id: str) -> Item:
    """Return one run as an item of RUNS."""
    summary = read_summary(state, run_id)
    if summary is None:
        return {"run": run_id, "state": "unreadable"}
    return {**_timing(summary), **_counts(summary), **_origin(summary), "run": run_id, "state": summary.state.value}


def _timing(summary: RunSummary) -> dict[str, Any]:
    ended = summary.ended_at
    return {
        "verb": summary.verb,
        "started_at": datetime.fromtimestamp(summary.started_at, tz=UTC),
        "ended_at": datetime.fromtimestamp(ended, tz=UTC) if ended else None,
        "duration_s": round(max(0.0, ended - summary.started_at), 3) if ended else None,
    }


def _counts(summary: RunSummary) -> dict[str, Any]:
    counts = summary.counts
    ok = None if counts is None else counts.get(Outcome.OK, 0)
    return {
        "nodes_count": summary.nodes_count,
        "skipped_count": summary.skipped_count,
        "ok_count": ok,
        "not_ok_count": None if ok is None else summary.nodes_count - ok,
        "counts": counts,
    }


def _origin(summary: RunSummary) -> dict[str, Any]:
    running = summary.writer if summary.state is RunState.RUNNING else None
    return {
        "who": _text(summary.facts.get("who")),
        "command": command_of(summary.facts),
        "selector": _text(summary.facts.get("selector")),
        "resumed_from": summary.resumed_from,
        "pid": running and running.pid,
        "control_host": summary.writer and summary.writer.control_host,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _notes(known: int, shown: int, unreadable: list[str]) -> tuple[str, ...]:
    notes = []
    if not known:
        notes.append("nothing has been run yet")
    if shown < known:
        notes.append(f"{known - shown} older runs are not shown; --limit {known} shows all")
    if unreadable:
        notes.append(f"{len(unreadable)} journals can't be read: {', '.join(unreadable[:5])}")
    return tuple(notes)
