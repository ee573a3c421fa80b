"""node history: what has happened to one node, in the order in which it happened."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aifctl.core.moments import parse_since
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.health.one_node import NOTHING_YET, one_node
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import FactsRow, FindingRow, TransitionRow
from aifctl.ports.toolbox import Toolbox

NODE_EVENT = Kind(
    name="NodeEvent",
    about="One thing that has happened to a node.",
    keeps_order=True,
    columns=(
        Column(key="happened_at", title="when", type=FieldType.TIME, about="when"),
        Column(key="kind", title="what", type=FieldType.STRING, about="state, opened, cleared, facts, looks or note"),
        Column(key="text", title="happened", type=FieldType.STRING, about="one sentence"),
        Column(key="who", title="who", type=FieldType.STRING, about="the person, run or sweep that caused it"),
        Column(key="node", title="node", wide=True, type=FieldType.STRING, about="its name"),
    ),
)

#: A month of sweeps, one every fifteen minutes.
_MOST_LOOKS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsked:
    """Which node, and since when."""

    node: str
    since: str = "30d"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Line:
    at_s: float
    kind: str
    text: str
    who: str = ""


def node_history(asked: HistoryAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report what has happened to one node, oldest first; looks between two events are counted in one line."""
    reader = tools.store_reader
    name = one_node(asked.node, tools.known_fleet, tools)
    since_s = parse_since(asked.since, tools.clock.now().timestamp())
    sink.open(Head(kind=NODE_EVENT, facts={"node": name}))
    if reader is None:
        return Report(notes=(NOTHING_YET,), complete=False, summary={"events_count": 0})
    lines = sorted(line for line in _events(name, reader, since_s) if line.at_s >= since_s)
    looks = [row.at_s for row in reader.readings(name, since_s=since_s, limit=_MOST_LOOKS)]
    for line in _with_looks(lines, looks):
        sink.item({"node": name, "happened_at": line.at_s, "kind": line.kind, "text": line.text, "who": line.who})
    notes = () if lines or looks else (f"nothing has happened to {name} since then; --since 365d looks further back",)
    return Report(notes=notes, summary={"events_count": len(lines), "looks_count": len(looks)})


def _events(name: str, reader: Reader, since_s: float) -> Iterator[_Line]:
    yield from map(_moved, reader.transitions([name], since_s=since_s))
    for row in reader.findings([name], standing=False, since_s=since_s):
        yield from _found(row)
    yield from _facts(reader.facts_history(name), reader)
    for note in reader.notes([name]):
        yield _Line(at_s=note.at_s, kind="note", text=note.text, who=note.who)


def _moved(row: TransitionRow) -> _Line:
    off = {True: "powered off on purpose", False: "no longer off", None: ""}[row.off]
    what = off if row.source == row.target and off else f"{row.source} to {row.target}{f', {off}' if off else ''}"
    because = "; ".join(filter(None, (row.reason, row.why)))
    who = f"{row.actor}{f' ({row.run})' if row.run else ''}"
    return _Line(at_s=row.at_s, kind="state", text=f"{what}{f': {because}' if because else ''}", who=who)


def _found(row: FindingRow) -> Iterator[_Line]:
    code = f" {row.code}" if row.code else ""
    what = f"{row.check}{code}{'' if row.subject == 'node' else f' of {row.subject}'}"
    text = f"{row.result} {what}: {row.message}"
    yield _Line(at_s=row.first_at_s, kind="opened", text=text, who=f"sweep {row.first_sweep}")
    if row.last_at_s is not None:
        yield _Line(at_s=row.last_at_s, kind="cleared", text=what, who=f"sweep {row.cleared_sweep}")


def _facts(rows: Sequence[FactsRow], reader: Reader) -> Iterator[_Line]:
    for row, before in zip(rows, [*rows[1:], None], strict=False):
        parts = _changed(reader.facts(row.digest), reader.facts(before.digest) if before else None)
        text = f"another {', '.join(parts)}" if before and parts else "told what it is for the first time"
        yield _Line(at_s=row.since_at_s, kind="facts", text=text, who=f"sweep {row.since_sweep}")


def _changed(body: bytes | None, before: bytes | None) -> list[str]:
    """Return the parts of the facts that are other than before; those of another version count as one."""
    try:
        new, old = json.loads(body or b"{}"), json.loads(before or b"{}")
        names = {"ends": "way its sections ended", "boot_id": "boot", "probe": "probe"}
        return [names.get(key, f"{key} section") for key in sorted({*new, *old}) if new.get(key) != old.get(key)]
    except (ValueError, TypeError, AttributeError):
        return ["reading that can't be compared"]


def _with_looks(lines: Sequence[_Line], looks: Sequence[float]) -> Iterator[_Line]:
    """Put a line between two events for all looks that lie between them."""
    ordered, told = sorted(looks), 0
    for line in lines:
        end = bisect_left(ordered, line.at_s)
        yield from _looked(ordered[told:end])
        yield line
        told = end
    yield from _looked(ordered[told:])


def _looked(times: Sequence[float]) -> Iterator[_Line]:
    if times:
        count = len(times)
        text = "answered a sweep" if count == 1 else f"answered {count} sweeps from then on"
        yield _Line(at_s=times[0], kind="looks", text=text)
