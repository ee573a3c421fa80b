"""Sweeps and what they saw, from records into tables. What is unchanged is not in the record, and is not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from aifctl.store.apply_findings import apply_changes
from aifctl.store.hand import Hand, deflated, to_json
from aifctl.store.reads_nodes import inflated
from aifctl.store.tables import FACTS, NODE_FACTS, NODE_NOW, READINGS, SWEEPS

Record = Mapping[str, Any]


def apply_begin(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        number = hand.next_id(SWEEPS.c.number)
        values = {name: record[name] for name in ("id", "selector", "asked", "probe")}
        row = {**values, "number": number, "started_at": record["at"], "answered": 0, "facts": to_json(record["facts"])}
        again = {"ended_at": None, "exit_code": None}
        statement = hand.upsert(SWEEPS).values(row)
        hand.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again))


def apply_end(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        number = hand.sweep_number(record["id"])
        here = SWEEPS.c.number == number
        begun = hand.connection.execute(select(SWEEPS.c.facts).where(here)).scalar_one()
        values = {
            "ended_at": record["at"],
            "answered": record["answered"],
            "exit_code": record["exit_code"],
            "facts": merged(begun, record["facts"]),
        }
        hand.connection.execute(update(SWEEPS).where(here).values(values))
        text = f"sweep {record['id']} ended with {record['exit_code']}: {record['answered']} nodes could be judged"
        hand.tell([{"at": record["at"], "kind": "sweep", "text": text, "facts": {"sweep": record["id"]}}])


def apply_looks(hand: Hand, records: Sequence[Record]) -> None:
    """Apply looks, in their order; a node's second one in the same batch needs the first one's row."""
    waiting = list(records)
    while waiting:
        some: dict[str, Record] = {}
        rest = []
        for record in waiting:
            if record["node"] in some:
                rest.append(record)
            else:
                some[record["node"]] = record
        _apply_nodes(hand, list(some.values()))
        waiting = rest


def add_readings(hand: Hand, records: Sequence[Record], ids: Mapping[str, int]) -> None:
    """Add to the history, each deflated by what was told first with the facts that held then."""
    told = [record for record in records if "moving" in record]
    bases = _bases(hand, [ids[record["node"]] for record in told])
    rows = [
        {
            "node_id": ids[record["node"]],
            "sweep": hand.sweep_number(record["sweep"]),
            "at": record["at"],
            "moving": deflated(record["moving"], base=_base_at(bases.get(ids[record["node"]], ()), record["at"])),
        }
        for record in told
    ]
    if rows:
        hand.connection.execute(hand.upsert(READINGS).on_conflict_do_nothing(), rows)


def merged(begun: str, more: Mapping[str, Any]) -> str:
    """Return JSON facts with more of them on top."""
    import json  # noqa: PLC0415  at the end of a sweep alone

    return to_json({**json.loads(begun), **more})


def _apply_nodes(hand: Hand, records: list[Record]) -> None:
    ids = hand.node_ids([record["node"] for record in records])
    now = {
        row.node_id: (row.at, row.facts_digest)
        for row in hand.connection.execute(
            select(NODE_NOW.c.node_id, NODE_NOW.c.at, NODE_NOW.c.facts_digest).where(
                NODE_NOW.c.node_id.in_(list(ids.values()))
            )
        )
    }
    fresh = [record for record in records if _fits(record, now.get(ids[record["node"]]))]
    _add_facts(hand, fresh, ids, now)
    add_readings(hand, records, ids)
    _put_now(hand, fresh, ids)
    apply_changes(hand, fresh, ids)


def _fits(record: Record, newest: tuple[float, str] | None) -> bool:
    """Tell whether a look may become the newest: it was judged against the one that is, and is not older."""
    at_s = newest[0] if newest else 0.0
    return bool(record["at"] >= at_s and record.get("after", at_s) == at_s)


def _add_facts(
    hand: Hand, records: Sequence[Record], ids: Mapping[str, int], now: Mapping[int, tuple[float, str]]
) -> None:
    bodies = {record["digest"]: deflated(record["facts"]) for record in records if "facts" in record}
    if bodies:
        rows = [{"digest": digest, "body": body} for digest, body in bodies.items()]
        hand.connection.execute(hand.upsert(FACTS).on_conflict_do_nothing(), rows)
    changed = [
        {
            "node_id": ids[record["node"]],
            "since_at": record["at"],
            "since_sweep": hand.sweep_number(record["sweep"]),
            "digest": record["digest"],
            "base": deflated(record.get("moving")),
        }
        for record in records
        if record.get("digest", "") not in {"", now.get(ids[record["node"]], (0.0, ""))[1]}
    ]
    if changed:
        hand.connection.execute(hand.upsert(NODE_FACTS).on_conflict_do_nothing(), changed)


def _bases(hand: Hand, node_ids: Sequence[int]) -> dict[int, list[tuple[float, bytes | None]]]:
    """Return since when what is the base of a node's readings, newest first."""
    columns = (NODE_FACTS.c.node_id, NODE_FACTS.c.since_at, NODE_FACTS.c.base)
    asked = select(*columns).where(NODE_FACTS.c.node_id.in_(node_ids)).order_by(NODE_FACTS.c.since_at.desc())
    found: dict[int, list[tuple[float, bytes | None]]] = {}
    for row in hand.connection.execute(asked):
        found.setdefault(row.node_id, []).append((row.since_at, row.base))
    return found


def _base_at(bases: Sequence[tuple[float, bytes | None]], at_s: float) -> bytes:
    return inflated(next((base for since_s, base in bases if since_s <= at_s), None)) or b""


def _put_now(hand: Hand, records: Sequence[Record], ids: Mapping[str, int]) -> None:
    """Write the newest looks in place; parts that are as they were are left alone by statements of their own."""
    if not records:
        return
    rows = [_now(hand, record, ids[record["node"]]) for record in records]
    statement = hand.upsert(NODE_NOW)
    new = statement.excluded
    kept = {
        "seen_at": case((new.seen_at > 0, new.seen_at), else_=NODE_NOW.c.seen_at),
        "moving": func.coalesce(new.moving, NODE_NOW.c.moving),
        **{name: case((new[name] != "", new[name]), else_=NODE_NOW.c[name]) for name in ("facts_digest", "boot_id")},
        **{name: new[name] for name in ("sweep", "at", "outcome", "message", "result", "worst_check")},
    }
    hand.connection.execute(statement.on_conflict_do_update(index_elements=["node_id"], set_=kept), rows)
    for name in ("memory", "findings"):
        bodies = [{"of": ids[record["node"]], "body": deflated(record[name])} for record in records if name in record]
        if bodies:
            changed = update(NODE_NOW).where(NODE_NOW.c.node_id == bindparam("of"))
            hand.connection.execute(changed.values({name: bindparam("body")}), bodies)


def _now(hand: Hand, record: Record, node_id: int) -> dict[str, Any]:
    return {
        "node_id": node_id,
        "sweep": hand.sweep_number(record["sweep"]),
        "at": record["at"],
        "seen_at": record["at"] if record.get("answered", True) else 0.0,
        "outcome": record["outcome"],
        "message": record.get("message", ""),
        "result": record["result"],
        "worst_check": record.get("worst", ""),
        "facts_digest": record.get("digest", ""),
        "boot_id": record.get("boot", ""),
        "moving": deflated(record.get("moving")),
    }
