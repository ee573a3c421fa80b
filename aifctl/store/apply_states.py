"""Moves, drains and notes, from records into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from aifctl.store.hand import Hand
from aifctl.store.tables import DRAINS, NOTES, STATES, TRANSITIONS

Record = Mapping[str, Any]

_OUT = frozenset({"draining", "drained"})


def apply_moves(hand: Hand, records: Sequence[Record]) -> None:
    """Apply moves, those of one record all or none: what no longer stands as it was seen has been overtaken."""
    for record in records:
        ids = hand.node_ids([move["node"] for move in record["moves"]])
        if not conflicts(hand, record["moves"], ids):
            for move in record["moves"]:
                _apply_move(hand, record, move, ids[move["node"]])


def conflicts(hand: Hand, moves: Sequence[Record], ids: Mapping[str, int]) -> list[str]:
    """Return the nodes that do not stand as their moves say."""
    rows = hand.connection.execute(
        select(STATES.c.node_id, STATES.c.version, STATES.c.state).where(STATES.c.node_id.in_(list(ids.values())))
    )
    now = {row.node_id: (row.version, row.state) for row in rows}
    return [
        move["node"]
        for move in moves
        if now.get(ids[move["node"]], (0, move["source"])) != (move["expected_version"], move["source"])
    ]


def apply_notes(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        ids = hand.node_ids(record["nodes"])
        for node in record["nodes"]:
            here = NOTES.c.node_id == ids[node]
            last = hand.connection.execute(select(func.coalesce(func.max(NOTES.c.number), 0)).where(here)).scalar_one()
            told = {"at": record["at"], "who": record["who"], "text": record["text"]}
            hand.add(NOTES, [{**told, "node_id": ids[node], "number": last + 1}])
            text = f"{record['who']} notes: {record['text']}"
            hand.tell([{"at": record["at"], "kind": "note", "node": node, "text": text}])


def _apply_move(hand: Hand, record: Record, move: Record, node_id: int) -> None:
    old = hand.connection.execute(select(STATES).where(STATES.c.node_id == node_id)).mappings().first()
    moved = move["source"] != move["target"]
    off = int(move["off"]) if move["off"] is not None else (old["off"] if old else None)
    told = {
        "node_id": node_id,
        "off": off,
        "reason": move["reason"],
        "owner": move["owner"],
        "why": move["why"],
        "actor": record["who"],
        "from_where": record["from"],
        "run": record["run"],
        "version": move["expected_version"] + 1,
    }
    hand.add(TRANSITIONS, [{**told, "at": record["at"], "source": move["source"], "target": move["target"]}])
    if old and not moved:  # powered off on purpose: why it stands where it stands stays as it was
        told = {name: old[name] for name in told} | {"off": off, "version": told["version"]}
    since = record["at"] if moved or not old else old["since_at"]
    state = {**told, "state": move["target"], "since_at": since}
    statement = hand.upsert(STATES).values(state)
    hand.connection.execute(statement.on_conflict_do_update(index_elements=["node_id"], set_=state))
    if moved:
        _apply_drain(hand, record, move, node_id)
    hand.tell([_event(record, move, moved=moved)])


def _apply_drain(hand: Hand, record: Record, move: Record, node_id: int) -> None:
    here = (DRAINS.c.node_id == node_id) & DRAINS.c.ended_at.is_(None)
    if move["target"] not in _OUT:
        ended = {"ended_at": record["at"], "ended_by": record["who"]}
        hand.connection.execute(update(DRAINS).where(here).values(ended))
    elif hand.connection.execute(select(DRAINS.c.node_id).where(here)).first() is None:
        drain = {name: move[name] for name in ("reason", "owner", "action", "boot_id", "incident")}
        since = {"since_at": record["at"], "version": move["expected_version"] + 1, "actor": record["who"]}
        hand.add(DRAINS, [{**drain, **since, "node_id": node_id, "ended_at": None, "ended_by": ""}])


def _event(record: Record, move: Record, *, moved: bool) -> dict[str, Any]:
    what = f"{move['source']} → {move['target']}" if moved else ("off" if move["off"] else "no longer off")
    because = "; ".join(filter(None, (move["reason"], move["why"])))
    text = f"{what} by {record['who']}{f': {because}' if because else ''}"
    facts = {"source": move["source"], "target": move["target"], "run": record["run"]}
    return {"at": record["at"], "kind": "state", "node": move["node"], "text": text, "facts": facts}
