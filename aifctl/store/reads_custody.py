"""What people and policy have done: states, moves, drains, notes, mutes, leases, freezes, and small things kept."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from aifctl.ports.store_rows import DrainRow, Freeze, Lease, Mute, NoteRow, StateRow, TransitionRow
from aifctl.store.asking import Asker

_STATE = (
    "SELECT n.name, s.state, s.off, s.since_at, s.reason, s.owner, s.why, s.actor, s.from_where, s.run, s.version"
    " FROM states s JOIN nodes n ON n.id = s.node_id"
)
_TRANSITION = (
    "SELECT n.name, t.version, t.source, t.target, t.off, t.at, t.actor, t.from_where, t.reason, t.owner, t.why, t.run"
    " FROM transitions t JOIN nodes n ON n.id = t.node_id"
)
_DRAIN = (
    "SELECT n.name, d.since_at, d.reason, d.owner, d.actor, d.action, d.boot_id, d.incident, d.ended_at, d.ended_by"
    " FROM drains d JOIN nodes n ON n.id = d.node_id"
)
_MUTE = "SELECT id, check_name, selector, until_at, who, reason, at, lifted_at FROM mutes"
_FREEZE = "SELECT id, selector, names, reason, who, at, lifted_at FROM freezes ORDER BY id"
_SEGMENT_PARTS = 3
_LEASE = "SELECT scope, owner, purpose, since_at, until_at, renewed_at FROM leases"


class CustodyReads(Asker):
    """See ports.store.Reader."""

    def states(self, names: Collection[str] | None = None) -> dict[str, StateRow]:
        return {row[0]: _state(row) for row in self._ask_of(_STATE, names)}

    def transitions(self, nodes: Collection[str] | None = None, *, since_s: float = 0.0) -> list[TransitionRow]:
        order = "t.at DESC, t.version DESC, n.name"
        return [_transition(row) for row in self._ask_of(_TRANSITION, nodes, [("t.at >= ?", since_s)], order=order)]

    def drains(self, nodes: Collection[str] | None = None, *, standing: bool = True) -> list[DrainRow]:
        conditions = [("d.ended_at IS NULL", None)] if standing else []
        return [_drain(row) for row in self._ask_of(_DRAIN, nodes, conditions, order="d.since_at DESC, n.name")]

    def notes(self, nodes: Collection[str] | None = None) -> list[NoteRow]:
        sql = "SELECT n.name, o.at, o.who, o.text FROM notes o JOIN nodes n ON n.id = o.node_id"
        rows = self._ask_of(sql, nodes, order="o.at DESC, o.number DESC, n.name")
        return [NoteRow(node=row[0], at_s=row[1], who=row[2], text=row[3]) for row in rows]

    def mutes(self, *, at_s: float | None = None) -> list[Mute]:
        if at_s is None:
            return [_mute(row) for row in self._fetch(f"{_MUTE} ORDER BY id", [])]
        holds = "at <= ? AND until_at > ? AND (lifted_at IS NULL OR lifted_at > ?)"
        return [_mute(row) for row in self._fetch(f"{_MUTE} WHERE {holds} ORDER BY id", [at_s] * 3)]

    def leases(self, *, at_s: float | None = None) -> list[Lease]:
        rows = self._fetch(f"{_LEASE} ORDER BY scope", [])
        return [lease(row) for row in rows if at_s is None or row[4] > at_s]

    def freezes(self, *, standing: bool = True) -> list[Freeze]:
        found = [_freeze(row) for row in self._fetch(_FREEZE, [])]
        return [one for one in found if one.lifted_at_s is None or not standing]

    def get(self, key: str) -> Any:
        rows = self._fetch("SELECT value FROM kept WHERE name = ?", [key])
        return json.loads(rows[0][0]) if rows else None

    def control_hosts(self) -> frozenset[str]:
        names = [str(row[0]) for row in self._fetch("SELECT name FROM segments", [])]
        # TIME-HOST_ID-NUMBER, as store.log names them; what is named otherwise tells nothing.
        parts = [name.split("-") for name in names]
        return frozenset(part[1].rpartition("_")[0] for part in parts if len(part) == _SEGMENT_PARTS)

    def mark(self) -> int:
        return max((int(row[0]) for row in self._fetch("SELECT seq FROM log_head", [])), default=0)


def lease(row: Sequence[Any]) -> Lease:
    return Lease(scope=row[0], owner=row[1], purpose=row[2], since_s=row[3], until_s=row[4], renewed_at_s=row[5])


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _state(row: Sequence[Any]) -> StateRow:
    return StateRow(
        node=row[0],
        state=row[1],
        off=_flag(row[2]),
        since_at_s=row[3],
        reason=row[4],
        owner=row[5],
        why=row[6],
        actor=row[7],
        from_where=row[8],
        run=row[9],
        version=row[10],
    )


def _transition(row: Sequence[Any]) -> TransitionRow:
    return TransitionRow(
        node=row[0],
        version=row[1],
        source=row[2],
        target=row[3],
        off=_flag(row[4]),
        at_s=row[5],
        actor=row[6],
        from_where=row[7],
        reason=row[8],
        owner=row[9],
        why=row[10],
        run=row[11],
    )


def _drain(row: Sequence[Any]) -> DrainRow:
    return DrainRow(
        node=row[0],
        since_at_s=row[1],
        reason=row[2],
        owner=row[3],
        actor=row[4],
        action=row[5],
        boot_id=row[6],
        incident=row[7],
        ended_at_s=row[8],
        ended_by=row[9],
    )


def _mute(row: Sequence[Any]) -> Mute:
    return Mute(
        id=row[0],
        check=row[1],
        selector=row[2],
        until_s=row[3],
        who=row[4],
        reason=row[5],
        at_s=row[6],
        lifted_at_s=row[7],
    )


def _freeze(row: Sequence[Any]) -> Freeze:
    return Freeze(
        id=row[0],
        selector=row[1],
        names=tuple(json.loads(row[2])),
        reason=row[3],
        who=row[4],
        at_s=row[5],
        lifted_at_s=row[6],
    )
