"""Incidents, what was said of them, notifications, and the time line."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from aifctl.ports.store_rows import EventRow, IncidentLogRow, IncidentRow, OutboxRow
from aifctl.store.asking import Asker

_INCIDENT = (
    "SELECT id, check_name, code, scope, scope_value, result, action, opened_at, updated_at, closed_at, acked_by, acked_at,"
    " silenced_until, nodes, message, suspect, facts FROM incidents"
)
_OUTBOX = "SELECT id, incident, channel, payload, due_at, attempts, state, sent_at, last_error, taken_until FROM outbox"

#: More are asked for in several goes: databases bound how many parameters a statement has.
_MOST_IDS = 400


class IncidentReads(Asker):
    """See ports.store.Reader."""

    def incidents(self, *, open_only: bool = True, since_s: float = 0.0) -> list[IncidentRow]:
        closed, values = ("", []) if open_only else (" OR closed_at >= ?", [since_s])
        sql = f"{_INCIDENT} WHERE closed_at IS NULL{closed} ORDER BY id DESC"
        return [incident(row) for row in self._fetch(sql, values)]

    def incident(self, id: int) -> IncidentRow | None:  # noqa: A002  the row's own word
        rows = self._fetch(f"{_INCIDENT} WHERE id = ?", [id])
        return incident(rows[0]) if rows else None

    def incident_log(self, id: int) -> list[IncidentLogRow]:  # noqa: A002  the row's own word
        sql = "SELECT incident, at, who, what, text FROM incident_log WHERE incident = ? ORDER BY number"
        return [
            IncidentLogRow(incident=row[0], at_s=row[1], who=row[2], what=row[3], text=row[4])
            for row in self._fetch(sql, [id])
        ]

    def outbox(self, *, due_only: bool = True, incidents: Collection[int] | None = None) -> list[OutboxRow]:
        due = "state = 'due'" if due_only else "1 = 1"
        if incidents is None:
            return [outbox_row(row) for row in self._fetch(f"{_OUTBOX} WHERE {due} ORDER BY due_at, id", [])]
        wanted, rows = sorted(incidents), list[Sequence[Any]]()
        for at in range(0, len(wanted), _MOST_IDS):
            some = wanted[at : at + _MOST_IDS]
            rows += self._fetch(f"{_OUTBOX} WHERE {due} AND incident IN ({', '.join('?' * len(some))})", some)
        return sorted(map(outbox_row, rows), key=lambda one: (one.due_at_s, one.id))

    def events(
        self, *, since_s: float = 0.0, nodes: Collection[str] | None = None, limit: int = 1000
    ) -> list[EventRow]:
        sql = "SELECT e.node, e.at, e.kind, e.text, e.facts FROM events e"
        rows = self._ask_of(
            sql, nodes, [("e.at >= ?", since_s)], column="e.node", order="e.at DESC, e.id DESC", limit=limit
        )
        return [
            EventRow(node=row[0], at_s=row[1], kind=row[2], text=row[3], facts=json.loads(row[4]))
            for row in reversed(rows)
        ]


def incident(row: Sequence[Any]) -> IncidentRow:
    return IncidentRow(
        id=row[0],
        check=row[1],
        code=row[2],
        scope=row[3],
        scope_value=row[4],
        result=row[5],
        action=row[6],
        opened_at_s=row[7],
        updated_at_s=row[8],
        closed_at_s=row[9],
        acked_by=row[10],
        acked_at_s=row[11],
        silenced_until_s=row[12],
        nodes=tuple(json.loads(row[13])),
        message=row[14],
        suspect=bool(row[15]),
        facts=json.loads(row[16]),
    )


def outbox_row(row: Sequence[Any]) -> OutboxRow:
    return OutboxRow(
        id=row[0],
        incident=row[1],
        channel=row[2],
        payload=row[3],
        due_at_s=row[4],
        attempts=row[5],
        state=row[6],
        sent_at_s=row[7],
        last_error=row[8],
        taken_until_s=row[9],
    )
