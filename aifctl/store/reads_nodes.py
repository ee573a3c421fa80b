"""What is known of nodes: the newest look at each, facts, readings, findings, sweeps."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.ports.store_rows import FactsRow, FindingRow, NodeRow, ReadingRow, SweepRow
from aifctl.store.asking import Asker

_NOW = (
    "SELECT n.name, s.id, w.at, w.seen_at, w.outcome, w.message, w.result, w.worst_check, w.facts_digest, w.boot_id{}"
    " FROM node_now w JOIN nodes n ON n.id = w.node_id JOIN sweeps s ON s.number = w.sweep"
)
#: In the second byte of what zlib writes (RFC 1950): it was deflated by a dictionary, whose checksum follows.
_BY_DICTIONARY = 0x20

_NO_BODIES = (None, None, None)
_BODIES = ", w.moving, w.memory, w.findings"
_SWEEP = "SELECT id, started_at, ended_at, selector, asked, answered, exit_code, probe, facts FROM sweeps"
_FINDING = (
    "SELECT n.name, f.check_name, f.subject, f.code, f.result, f.action, f.message, f.first_at, b.id, f.last_at, e.id,"
    " f.identity, f.evidence FROM findings f JOIN nodes n ON n.id = f.node_id JOIN sweeps b ON b.number = f.first_sweep"
    " LEFT JOIN sweeps e ON e.number = f.cleared_sweep"
)


class NodeReads(Asker):
    """See ports.store.Reader."""

    def nodes_now(self, names: Collection[str] | None = None, *, bodies: bool = False) -> list[NodeRow]:
        rows = self._ask_of(_NOW.format(_BODIES if bodies else ""), names)
        return sorted(map(_node, rows), key=lambda row: row.node)

    def node_now(self, name: str) -> NodeRow | None:
        found = self.nodes_now([name], bodies=True)
        return found[0] if found else None

    def sweeps(self, *, limit: int = 20) -> list[SweepRow]:
        return [_sweep(row) for row in self._fetch(f"{_SWEEP} ORDER BY number DESC LIMIT ?", [limit])]

    def sweep(self, id: str) -> SweepRow | None:  # noqa: A002  the row's own word
        rows = self._fetch(f"{_SWEEP} WHERE id = ?", [id])
        return _sweep(rows[0]) if rows else None

    def facts(self, digest: str) -> bytes | None:
        rows = self._fetch("SELECT body FROM facts WHERE digest = ?", [digest])
        return inflated(rows[0][0]) if rows else None

    def facts_history(self, node: str) -> list[FactsRow]:
        sql = (
            "SELECT n.name, f.since_at, s.id, f.digest FROM node_facts f JOIN nodes n ON n.id = f.node_id"
            " JOIN sweeps s ON s.number = f.since_sweep"
        )
        rows = self._ask_of(sql, [node], order="f.since_at DESC")
        return [FactsRow(node=row[0], since_at_s=row[1], since_sweep=row[2], digest=row[3]) for row in rows]

    def readings(self, node: str, *, since_s: float = 0.0, limit: int = 1000) -> list[ReadingRow]:
        sql = (
            "SELECT n.name, s.id, r.at, r.moving FROM readings r JOIN nodes n ON n.id = r.node_id"
            " JOIN sweeps s ON s.number = r.sweep"
        )
        rows = self._ask_of(sql, [node], [("r.at >= ?", since_s)], order="r.sweep DESC", limit=limit)
        bases = self._bases(node) if any(_has_base(row[3]) for row in rows) else {}
        found = [ReadingRow(node=row[0], sweep=row[1], at_s=row[2], moving=_read_by(row[3], bases)) for row in rows]
        return sorted(found, key=lambda row: row.at_s)

    def _bases(self, node: str) -> dict[int, bytes]:
        """Return what this node's readings may be deflated by, by the number that they name it by."""
        sql = "SELECT f.base FROM node_facts f JOIN nodes n ON n.id = f.node_id"
        bases = [inflated(row[0]) or b"" for row in self._ask_of(sql, [node], [], order="f.since_at")]
        return {zlib.adler32(base): base for base in bases}

    def findings(
        self,
        nodes: Collection[str] | None = None,
        *,
        standing: bool = True,
        since_s: float = 0.0,
        check: str = "",
        limit: int | None = None,
    ) -> list[FindingRow]:
        conditions: list[tuple[str, Any]] = [("f.last_at IS NULL", None)]
        if not standing:
            conditions = [("f.last_at IS NULL OR f.last_at >= ?", since_s)]
        if check:
            conditions.append(("f.check_name = ?", check))
        order = "f.first_at DESC, n.name, f.check_name, f.subject, f.code"
        return [_finding(row) for row in self._ask_of(_FINDING, nodes, conditions, order=order, limit=limit)]


def inflated(body: bytes | None) -> bytes | None:
    """Return what the database keeps deflated."""
    return None if body is None else zlib.decompress(body)


def _has_base(body: bytes) -> bool:
    return bool(body[1] & _BY_DICTIONARY)


def _read_by(body: bytes, bases: Mapping[int, bytes]) -> bytes:
    if not _has_base(body):
        return inflated(body) or b""
    base = bases.get(int.from_bytes(body[2:6], "big"))
    if base is None:
        raise SetupError("the store lacks what a reading is to be read by: make it anew, aifctl store rebuild")
    inflate = zlib.decompressobj(zdict=base)
    return inflate.decompress(body) + inflate.flush()


def _node(row: Sequence[Any]) -> NodeRow:
    name, sweep, at_s, seen_at_s, outcome, message, result, worst_check, digest, boot_id, *bodies = row
    moving, memory, findings = map(inflated, bodies) if bodies else _NO_BODIES
    return NodeRow(
        node=name,
        sweep=sweep,
        at_s=at_s,
        seen_at_s=seen_at_s,
        outcome=outcome,
        message=message,
        result=result,
        worst_check=worst_check,
        facts_digest=digest,
        boot_id=boot_id,
        moving=moving,
        memory=memory,
        findings=findings,
    )


def _sweep(row: Sequence[Any]) -> SweepRow:
    return SweepRow(
        id=row[0],
        started_at_s=row[1],
        ended_at_s=row[2],
        selector=row[3],
        asked=row[4],
        answered=row[5],
        exit_code=row[6],
        probe=row[7],
        facts=json.loads(row[8]),
    )


def _finding(row: Sequence[Any]) -> FindingRow:
    return FindingRow(
        node=row[0],
        check=row[1],
        subject=row[2],
        code=row[3],
        result=row[4],
        action=row[5],
        message=row[6],
        first_at_s=row[7],
        first_sweep=row[8],
        last_at_s=row[9],
        cleared_sweep=row[10] or "",
        identity=row[11],
        evidence=json.loads(row[12]),
    )
