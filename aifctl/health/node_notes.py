"""node note: what people write about nodes, and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.custody.person import this_person
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

NOTE = Kind(
    name="Note",
    about="What a person wrote about a node.",
    keeps_order=True,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="about which"),
        Column(key="noted_at", title="when", type=FieldType.TIME, about="when"),
        Column(key="who", title="who", type=FieldType.STRING, about="the person"),
        Column(key="text", title="note", type=FieldType.STRING, about="in that person's words"),
    ),
)

_LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAsked:
    """Which nodes, and what to write; None only lists."""

    chosen: Chosen
    text: str | None = None


def note_nodes(asked: NoteAsked, tools: Toolbox, sink: Sink) -> Report:
    """Write a note about nodes, or report what was written, newest first."""
    names = choose(asked.chosen, tools.known_fleet, tools)
    if asked.text is not None:
        return _write(names, asked.text.strip(), tools, sink)
    reader = tools.store_reader
    found = reader.notes(names) if reader else []
    sink.open(Head(kind=NOTE, facts={"selector": asked.chosen.selector}))
    for row in found:
        sink.item({"node": row.node, "noted_at": row.at_s, "who": row.who, "text": row.text})
    return Report(summary={"notes_count": len(found)}, notes=() if found else ("nobody has written anything",))


def _write(names: tuple[str, ...], text: str, tools: Toolbox, sink: Sink) -> Report:
    if not text or len(text) > _LONGEST:
        raise UsageError(f"a note has 1 to {_LONGEST:,} characters; this one has {len(text):,}")
    by, now = this_person(tools.environ), tools.clock.now()
    tools.store.note(names, text, by)
    sink.open(Head(kind=NOTE, facts={"selector": ""}))
    for name in names:
        sink.item({"node": name, "noted_at": now, "who": by.who, "text": text})
    return Report(summary={"notes_count": len(names)})
