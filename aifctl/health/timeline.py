"""events: what has happened to the fleet, from the store and from the journals of this host's runs, in one time line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aifctl.core.errors import SetupError
from aifctl.core.moments import parse_since
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_summary import RunState, RunSummary, command_of, read_summary
from aifctl.fanout.runs import names_of
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import EventRow
from aifctl.ports.toolbox import Toolbox

EVENT = Kind(
    name="Event",
    about="One line of the fleet's time line.",
    keeps_order=True,
    columns=(
        Column(key="happened_at", title="when", type=FieldType.TIME, about="when"),
        Column(key="kind", title="what", type=FieldType.STRING, about="run, sweep, finding, incident, state, note, …"),
        Column(key="node", title="node", type=FieldType.STRING, about="null where it is about none, or about many"),
        Column(key="text", title="happened", type=FieldType.STRING, about="one sentence"),
    ),
    fields=(Field(key="facts", type=FieldType.OBJECT, about="what a program can go by: numbers, results, ids"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAsked:
    """Since when, of which nodes (None: of all, and what is about none), and how many of the newest."""

    since: str = "1h"
    chosen: Chosen | None = None
    limit: int = 1000


def events(asked: EventsAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report what has happened, oldest first."""
    since_s = parse_since(asked.since, tools.clock.now().timestamp())
    names = None if asked.chosen is None else choose(asked.chosen, tools.known_fleet, tools)
    reader = tools.store_reader
    rows = reader.events(since_s=since_s, nodes=names, limit=asked.limit) if reader else []
    items = [*map(_item, rows), *_runs(tools, since_s, None if names is None else frozenset(names))]
    items.sort(key=lambda item: item["happened_at"])
    shown = items[-asked.limit :]
    sink.open(Head(kind=EVENT, facts={"since_at": since_s}))
    for item in shown:
        sink.item(item)
    return Report(notes=_notes(asked, len(rows), len(items)), summary={"events_count": len(shown)})


def _item(row: EventRow) -> Item:
    return {
        "happened_at": row.at_s,
        "kind": row.kind,
        "node": row.node or None,
        "text": row.text,
        "facts": dict(row.facts),
    }


def _runs(tools: Toolbox, since_s: float, names: frozenset[str] | None) -> Iterator[Item]:
    """Yield this host's runs since then, by their ids; one whose head can't be read has no time and no line.

    `names`: only those that were for one of these.
    """
    first = f"{datetime.fromtimestamp(since_s, UTC):%Y%m%d-%H%M%S}"
    for run_id in run_ids(tools.state):
        summary = read_summary(tools.state, run_id) if run_id >= first else None
        if summary and (names is None or _is_about(summary, names, tools)):
            yield {
                "happened_at": summary.started_at,
                "kind": "run",
                "node": None,
                "text": _said_run(summary),
                "facts": {"run": run_id, "verb": summary.verb, "nodes_count": summary.nodes_count},
            }


def _is_about(summary: RunSummary, names: frozenset[str], tools: Toolbox) -> bool:
    try:
        return not names.isdisjoint(names_of(tools.state, summary))
    except SetupError:  # as one whose head can't be read
        return False


def _said_run(summary: RunSummary) -> str:
    counts = summary.counts or {}
    came = ", ".join(
        f"{count} {outcome}" for outcome, count in sorted(counts.items(), key=lambda pair: -pair[1]) if count
    )
    who = summary.facts.get("who")
    by = f" by {who}" if isinstance(who, str) else ""
    end = came if summary.state is RunState.DONE and came else summary.state.value + (f", {came}" if came else "")
    return (
        f"{command_of(summary.facts) or summary.verb} on {summary.nodes_count} nodes{by}: {end} (run {summary.run_id})"
    )


def _notes(asked: EventsAsked, rows_count: int, items_count: int) -> tuple[str, ...]:
    if rows_count >= asked.limit or items_count > asked.limit:
        return (f"only the newest {asked.limit:,} are shown; --limit or a SELECTOR shows others",)
    return () if items_count else (f"nothing has happened since {asked.since}",)
