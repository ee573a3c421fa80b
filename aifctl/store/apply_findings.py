"""Findings that opened, changed or cleared, from looks into their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select, update

from aifctl.store.hand import Hand, to_json
from aifctl.store.tables import FINDINGS

Record = Mapping[str, Any]
Key = tuple[int, str, str, str]


@dataclass(slots=True)
class _Gathered:
    """What the changes of one batch come to, so that each table is written once."""

    opened: dict[Key, dict[str, Any]] = field(default_factory=dict)
    changed: list[dict[str, Any]] = field(default_factory=list)
    cleared: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


def apply_changes(hand: Hand, looks: Sequence[Record], ids: Mapping[str, int]) -> None:
    """Apply what looks say of findings. An opening of what stands is a change; a clearing of what does not is nothing."""
    looks = [look for look in looks if look.get("changes")]
    if not looks:
        return
    standing = _standing(hand, [ids[look["node"]] for look in looks])
    gathered = _Gathered()
    for look in looks:
        number = hand.sweep_number(look["sweep"])
        for change in look["changes"]:
            key = (ids[look["node"]], change["check"], change["subject"], change["code"])
            _gather(gathered, standing, key, look, change, number)
    hand.add(FINDINGS, list(gathered.opened.values()))
    here = (
        (FINDINGS.c.node_id == bindparam("n"))
        & (FINDINGS.c.check_name == bindparam("k"))
        & (FINDINGS.c.subject == bindparam("s"))
        & (FINDINGS.c.code == bindparam("c"))
        & FINDINGS.c.last_at.is_(None)
    )
    for rows, columns in ((gathered.changed, _TOLD), (gathered.cleared, ("last_at", "cleared_sweep"))):
        if rows:
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
            hand.connection.execute(update(FINDINGS).where(here).values(values), rows)
    hand.tell(gathered.events)


_TOLD = ("result", "action", "message", "identity", "evidence")


def _gather(gathered: _Gathered, standing: set[Key], key: Key, look: Record, change: Record, sweep: int) -> None:
    place = dict(zip("nksc", key, strict=True))
    if change["kind"] == "cleared":
        if key not in standing:
            return
        standing.discard(key)
        gathered.cleared.append({**place, "new_last_at": look["at"], "new_cleared_sweep": sweep})
    else:
        told = _told(change)
        if key in standing:
            gathered.changed.append({**place, **{f"new_{name}": value for name, value in told.items()}})
        else:
            standing.add(key)
            named = dict(zip(("node_id", "check_name", "subject", "code"), key, strict=True))
            since = {"first_at": look["at"], "first_sweep": sweep, "last_at": None, "cleared_sweep": None}
            gathered.opened[key] = {**named, **told, **since}
    gathered.events.append(_event(look, change))


def _told(change: Record) -> dict[str, Any]:
    return {
        "result": change["result"],
        "action": change["action"],
        "message": change["message"],
        "identity": change["identity"],
        "evidence": to_json(change["evidence"]),
    }


def _event(look: Record, change: Record) -> dict[str, Any]:
    what = f"{change['check']} {change['subject']}{' ' if change['code'] else ''}{change['code']}"
    text = f"{what} is clean again" if change["kind"] == "cleared" else f"{what}: {change['message']}"
    facts = {name: change[name] for name in ("kind", "check", "subject", "code")}
    if change["kind"] != "cleared":
        facts |= {"result": change["result"], "action": change["action"]}
    return {"at": look["at"], "kind": "finding", "node": look["node"], "text": text, "facts": facts}


def _standing(hand: Hand, ids: list[int]) -> set[Key]:
    columns = (FINDINGS.c.node_id, FINDINGS.c.check_name, FINDINGS.c.subject, FINDINGS.c.code)
    rows = hand.connection.execute(select(*columns).where(FINDINGS.c.node_id.in_(ids), FINDINGS.c.last_at.is_(None)))
    return {(row.node_id, row.check_name, row.subject, row.code) for row in rows}
