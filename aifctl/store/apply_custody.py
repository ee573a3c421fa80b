"""Mutes, leases, freezes and what is kept beside them, from records into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from aifctl.store.hand import Hand, to_json
from aifctl.store.tables import FREEZES, KEPT, LEASES, MUTES

Record = Mapping[str, Any]


def apply_mutes(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        values = {
            "check_name": record["check"],
            "selector": record["selector"],
            "until_at": record["until"],
            "reason": record["reason"],
        }
        told = {"id": hand.next_id(MUTES.c.id), "who": record["who"], "at": record["at"], "lifted_at": None}
        hand.add(MUTES, [{**values, **told}])
        where = f" on {record['selector']}" if record["selector"] else ""
        text = f"{record['check']} muted{where} by {record['who']}: {record['reason']}"
        hand.tell([{"at": record["at"], "kind": "mute", "text": text, "facts": {"check": record["check"]}}])


def apply_unmutes(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        here = (MUTES.c.id == record["id"]) & MUTES.c.lifted_at.is_(None)
        if hand.connection.execute(update(MUTES).where(here).values(lifted_at=record["at"])).rowcount:
            text = f"mute {record['id']} lifted by {record['who']}"
            hand.tell([{"at": record["at"], "kind": "mute", "text": text, "facts": {"mute": record["id"]}}])


def apply_leases(hand: Hand, records: Sequence[Record]) -> None:
    """Apply leases taken or renewed; one that somebody else holds by now is theirs."""
    for record in records:
        held = foreign_leases(hand, record["scopes"], record["owner"], record["at"])
        for scope in record["scopes"]:
            if not held:
                _lease(hand, record, scope)


def foreign_leases(hand: Hand, scopes: Sequence[str], owner: str, at_s: float) -> list[Mapping[str, Any]]:
    """Return the leases on these scopes that hold and are not this owner's."""
    here = LEASES.c.scope.in_(list(scopes)) & (LEASES.c.owner != owner) & (LEASES.c.until_at > at_s)
    return [
        dict(row) for row in hand.connection.execute(select(LEASES).where(here).order_by(LEASES.c.scope)).mappings()
    ]


def apply_released(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        here = LEASES.c.scope.in_(record["scopes"]) & (LEASES.c.owner == record["owner"])
        hand.connection.execute(delete(LEASES).where(here))


def apply_broken(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        here = LEASES.c.scope.in_(record["scopes"])
        rows = hand.connection.execute(select(LEASES).where(here).order_by(LEASES.c.scope)).mappings().all()
        hand.connection.execute(delete(LEASES).where(here))
        for row in rows:
            text = f"lease of {row['owner']} on {row['scope']} broken by {record['who']}: {record['reason']}"
            node = row["scope"].removeprefix("node:") if row["scope"].startswith("node:") else ""
            hand.tell([{"at": record["at"], "kind": "lease", "node": node, "text": text}])


def apply_frozen(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        told = {name: record[name] for name in ("selector", "reason", "who", "at")}
        row = {"id": hand.next_id(FREEZES.c.id), "names": to_json(record["names"]), "lifted_at": None}
        hand.add(FREEZES, [{**told, **row}])
        text = f"{record['selector'] or 'everything'} frozen by {record['who']}: {record['reason']}"
        hand.tell([{"at": record["at"], "kind": "freeze", "text": text, "facts": {"freeze": row["id"]}}])


def apply_unfrozen(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        for number in record["ids"]:
            here = (FREEZES.c.id == number) & FREEZES.c.lifted_at.is_(None)
            if hand.connection.execute(update(FREEZES).where(here).values(lifted_at=record["at"])).rowcount:
                text = f"freeze {number} lifted by {record['who']}"
                hand.tell([{"at": record["at"], "kind": "freeze", "text": text, "facts": {"freeze": number}}])


def apply_told(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        hand.tell(record["events"])


def apply_kept(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        if record["value"] is None:
            hand.connection.execute(delete(KEPT).where(KEPT.c.name == record["key"]))
            continue
        row = {"name": record["key"], "value": to_json(record["value"])}
        statement = hand.upsert(KEPT).values(row)
        hand.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))


def _lease(hand: Hand, record: Record, scope: str) -> None:
    old = hand.connection.execute(select(LEASES).where(LEASES.c.scope == scope)).mappings().first()
    goes_on = old is not None and old["owner"] == record["owner"] and old["until_at"] > record["at"]
    row = {
        "scope": scope,
        "owner": record["owner"],
        "purpose": record["purpose"] or (old["purpose"] if old else ""),
        "since_at": old["since_at"] if old and goes_on else record["at"],
        "until_at": record["until"],
        "renewed_at": record["at"],
    }
    statement = hand.upsert(LEASES).values(row)
    hand.connection.execute(statement.on_conflict_do_update(index_elements=["scope"], set_=row))
