"""Records as the log has them, from what the store is handed. What is as usual is left out of a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aifctl.ports.store_writes import By, Event, FindingChange, Move, NodeLook, Sighting

Record = dict[str, Any]


def look_record(sweep: str, look: NodeLook) -> Record:
    record: Record = {
        "kind": "look",
        "sweep": sweep,
        "node": look.node,
        "at": look.at_s,
        "outcome": look.outcome,
        "result": look.result,
    }
    told = {"message": look.message, "worst": look.worst_check, "boot": look.boot_id, "digest": look.facts_digest}
    record |= {name: text for name, text in told.items() if text}
    bodies = {"facts": look.facts, "moving": look.moving, "memory": look.memory, "findings": look.findings}
    record |= {name: body.decode("ascii") for name, body in bodies.items() if body is not None}
    if not look.answered:
        record["answered"] = False
    if look.after_s is not None:
        record["after"] = look.after_s
    if look.changes:
        # One finding changes once in a look: its last word counts.
        changes = {(one.check, one.subject, one.code): one for one in look.changes}
        record["changes"] = [_change(one) for one in changes.values()]
    return record


def move_record(move: Move) -> Record:
    return {**asdict(move), "source": move.source.value, "target": move.target.value}


def sighting_record(sighting: Sighting) -> Record:
    record = asdict(sighting)
    return {**record, "nodes": list(sighting.nodes), "facts": dict(sighting.facts)}


def event_record(event: Event, now_s: float) -> Record:
    at_s = now_s if event.at_s is None else event.at_s
    return {"at": at_s, "kind": event.kind, "node": event.node, "text": event.text, "facts": dict(event.facts)}


def by_record(kind: str, by: By, now_s: float, **fields: Any) -> Record:
    """Return a record of somebody's doing."""
    return {"kind": kind, "at": now_s, "who": by.who, "from": by.from_where, "run": by.run, **fields}


def _change(change: FindingChange) -> Mapping[str, Any]:
    record = {name: getattr(change, name) for name in ("kind", "check", "subject", "code")}
    if change.kind != FindingChange.CLEARED:
        told = {name: getattr(change, name) for name in ("result", "action", "message", "identity")}
        record |= {**told, "evidence": dict(change.evidence)}
    return record
