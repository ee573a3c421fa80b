"""node show: all that is known of one node, from the inventory and the store."""

from __future__ import annotations

from typing import Any

from aifctl.core.moments import said_at, span
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.diagnosis.standing_text import NodeFindings
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.health.evidence import findings_of
from aifctl.health.node_lines import (
    plain,
    said_drain,
    said_hardware,
    said_look,
    said_place,
    said_rails,
    said_standing,
    said_state,
)
from aifctl.health.one_node import NOTHING_YET, one_node, reading_of
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import NodeRow
from aifctl.ports.toolbox import Toolbox

_TEXTS = FieldType.ARRAY
NODE_SHOWN = Kind(
    name="NodeShown",
    about="All that is known of one node.",
    records=True,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="its name"),
        Column(key="look", title="result", type=FieldType.STRING, about="the newest look at it, as a sentence"),
        Column(key="stands", title="state", type=FieldType.STRING, about="where it stands, since when and why"),
        Column(key="drains", title="drains", type=_TEXTS, about="drains that stand, as sentences"),
        Column(key="holds", title="held by", type=_TEXTS, about="leases and freezes, as sentences"),
        Column(key="standing", title="findings", type=_TEXTS, about="what stands against it, as sentences"),
        Column(key="place", title="place", type=FieldType.STRING, about="site, hall, SU, rack, unit, feeds"),
        Column(key="sku", title="sku", type=FieldType.STRING, about="its kind, as the inventory says"),
        Column(key="address", title="address", type=FieldType.STRING, about="how it is reached"),
        Column(key="rails", title="rails", wide=True, type=_TEXTS, about="adapter, leaf and port of each"),
        Column(key="serials", title="serials", type=FieldType.STRING, about="of its parts, as the inventory says"),
        Column(key="hardware", title="told", type=_TEXTS, about="what it is made of, as it told, as sentences"),
        Column(key="boot_id", title="boot", wide=True, type=FieldType.STRING, about="that the newest answer is of"),
        Column(key="looks", title="looks", type=_TEXTS, about="its newest answers: when, and in which sweep"),
        Column(key="notes", title="notes", type=_TEXTS, about="what people wrote of it, newest first"),
    ),
    fields=(
        Field(key="result", type=FieldType.STRING, about="ok, watch, degraded, fault, unknown or unreachable"),
        Field(key="state", type=FieldType.STRING, about="its lifecycle state"),
        Field(key="off", type=FieldType.BOOLEAN, about="powered down on purpose"),
        Field(key="outcome", type=FieldType.STRING, about="of the newest look: ok, connect-timeout, …"),
        Field(key="looked_at", type=FieldType.TIME, about="when it was last looked at"),
        Field(key="seen_at", type=FieldType.TIME, about="when it last answered"),
        Field(key="sweep", type=FieldType.STRING, about="of the newest look"),
        Field(key="reading", type=FieldType.OBJECT, about="the newest answer in full, but for the kernel's events"),
    ),
)

_LOOKS_COUNT = 5
_NOTES_COUNT = 5


def show_node(text: str, tools: Toolbox, sink: Sink) -> Report:
    """Report one node; what has never been looked at leaves the report incomplete."""
    fleet, reader = tools.known_fleet, tools.store_reader
    name = one_node(text, fleet, tools)
    row = reader.node_now(name) if reader else None
    now_s = tools.clock.now().timestamp()
    item = {
        "node": name,
        **_place(name, fleet),
        **_state(name, fleet, reader, now_s),
        **(_held(name, reader, now_s) if reader else {}),
        **(_looked(row, reader, now_s) if reader and row else {"look": "never looked at"}),
    }
    sink.open(Head(kind=NODE_SHOWN, facts={"inventory": fleet.origin}))
    sink.item(item)
    notes = () if row else (NOTHING_YET if reader is None else f"{name} has never been looked at",)
    return Report(notes=notes, complete=row is not None, summary={"result": row.result if row else None})


def _place(name: str, fleet: Fleet) -> Item:
    if name not in fleet:
        return {}
    node = fleet.node(name)
    endpoint = node.endpoint
    user = f"{endpoint.user}@" if endpoint.user else ""
    return {
        "place": said_place(node),
        "sku": node.sku,
        "address": f"{user}{endpoint.address}",
        "rails": said_rails(node),
        "serials": ", ".join(f"{part} {serial}" for part, serial in node.serials),
    }


def _state(name: str, fleet: Fleet, reader: Reader | None, now_s: float) -> Item:
    row = reader.states([name]).get(name) if reader else None
    node = fleet.node(name) if name in fleet else None
    if node is None and row is None:
        return {}
    state = node.state.value if node else row.state if row else State.READY.value
    off = bool(node.off if node else row and row.off)
    return {"state": state, "off": off, "stands": said_state(row, state, off=off, now_s=now_s)}


def _held(name: str, reader: Reader, now_s: float) -> Item:
    leases = [
        f"lease of {one.owner} for {one.purpose}, until {said_at(one.until_s)}"
        for one in reader.leases(at_s=now_s)
        if one.scope == f"node:{name}"
    ]
    freezes = [
        f"frozen by {one.who} since {said_at(one.at_s)}: {one.reason}" for one in reader.freezes() if name in one.names
    ]
    notes = [f"{said_at(one.at_s)} {one.who}: {one.text}" for one in reader.notes([name])]
    more = [f"and {len(notes) - _NOTES_COUNT} more: aifctl node note {name}"] if len(notes) > _NOTES_COUNT else []
    return {
        "drains": [said_drain(one, now_s) for one in reader.drains([name])],
        "holds": [*leases, *freezes],
        "notes": [*notes[:_NOTES_COUNT], *more],
    }


def _looked(row: NodeRow, reader: Reader, now_s: float) -> Item:
    told = reader.readings(row.node, limit=_LOOKS_COUNT)
    found: dict[str, Any] = {
        "look": said_look(row, now_s),
        "result": row.result,
        "outcome": row.outcome,
        "looked_at": row.at_s,
        "seen_at": row.seen_at_s,
        "sweep": row.sweep,
        "boot_id": row.boot_id,
        "looks": [f"{said_at(one.at_s)} ({span(now_s - one.at_s)} ago), sweep {one.sweep}" for one in reversed(told)],
    }
    try:
        kept, reading = findings_of(row), reading_of(row, reader)
    except UnreadableError as problem:
        return {**found, "standing": [f"unknown: {problem}"]}
    found["standing"] = _standing(kept, now_s)
    if reading:
        found |= {"hardware": said_hardware(reading), "reading": plain(reading)}
    return found


def _standing(kept: NodeFindings, now_s: float) -> list[str]:
    return [said_standing(one, now_s) for one in kept.standing]
