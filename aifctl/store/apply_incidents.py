"""Incidents and notifications, from records into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from aifctl.store.hand import Hand, to_json
from aifctl.store.tables import INCIDENT_LOG, INCIDENTS, OUTBOX

Record = Mapping[str, Any]

_NEWS = ("result", "action", "nodes")


def apply_sightings(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        for sighting in record["sightings"]:
            _sight(hand, record, sighting)
        for incident in record["gone"]:
            close(hand, record, incident)


def apply_word(hand: Hand, records: Sequence[Record]) -> None:
    """Apply what a person says of an incident: acked, silenced, closed."""
    for record in records:
        if record["what"] == "closed":
            close(hand, record, record["incident"])
            continue
        acked = {"acked_by": record["who"], "acked_at": record["at"]}
        values = acked if record["what"] == "acked" else {"silenced_until": record["until"]}
        open_one = (INCIDENTS.c.id == record["incident"]) & INCIDENTS.c.closed_at.is_(None)
        if hand.connection.execute(update(INCIDENTS).where(open_one).values(values)).rowcount:
            _log(hand, record, record["incident"], record["what"], record["text"])


def apply_enqueued(hand: Hand, records: Sequence[Record]) -> None:
    """Put notifications into the outbox, each in the place of the one that was due for the same incident and channel."""
    for record in records:
        for one in record["notifications"]:
            same = (OUTBOX.c.incident == one["incident"]) & (OUTBOX.c.channel == one["channel"])
            due = same & (OUTBOX.c.state == "due")
            taken = due & (OUTBOX.c.taken_until > record["at"])
            # Somebody is sending it: that goes its way, and this one is news behind it.
            hand.connection.execute(update(OUTBOX).where(taken).values(state="replaced"))
            new = {"payload": one["payload"], "due_at": one["due_at"], "attempts": 0, "last_error": ""}
            if not hand.connection.execute(update(OUTBOX).where(due).values(new)).rowcount:
                named = {"id": hand.next_id(OUTBOX.c.id), "incident": one["incident"], "channel": one["channel"]}
                hand.add(OUTBOX, [{**new, **named, "state": "due", "sent_at": None, "taken_until": 0.0}])


def apply_taken(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        here = OUTBOX.c.id.in_(record["ids"])
        hand.connection.execute(update(OUTBOX).where(here).values(taken_until=record["until"]))


def apply_settled(hand: Hand, records: Sequence[Record]) -> None:
    for record in records:
        values: dict[str, Any] = {
            "attempts": OUTBOX.c.attempts + 1,
            "taken_until": 0.0,
            "last_error": record["error"],
        }
        here = OUTBOX.c.id == record["id"]
        if not record["error"]:
            values |= {"state": "sent", "sent_at": record["at"]}
        elif record["again_at"] is None:
            values["state"] = "failed"
        else:
            values["due_at"] = record["again_at"]
        hand.connection.execute(update(OUTBOX).where(here).values(values))


def close(hand: Hand, record: Record, incident: int) -> None:
    open_one = (INCIDENTS.c.id == incident) & INCIDENTS.c.closed_at.is_(None)
    values = {"closed_at": record["at"], "updated_at": record["at"]}
    if hand.connection.execute(update(INCIDENTS).where(open_one).values(values)).rowcount:
        _log(hand, record, incident, "closed", record.get("text", ""))


def _sight(hand: Hand, record: Record, sighting: Record) -> None:
    key = {"check_name": sighting["check"], **{name: sighting[name] for name in ("code", "scope", "scope_value")}}
    told = {
        **{name: sighting[name] for name in ("result", "action", "message")},
        "nodes": to_json(sighting["nodes"]),
        "suspect": int(sighting["suspect"]),
        "facts": to_json(sighting["facts"]),
        "updated_at": record["at"],
    }
    here = [INCIDENTS.c[name] == value for name, value in key.items()]
    old = (
        hand.connection.execute(select(INCIDENTS).where(*here, INCIDENTS.c.closed_at.is_(None)))
        .mappings()
        .one_or_none()
    )
    if old is None:
        number = hand.next_id(INCIDENTS.c.id)
        nobody = {"closed_at": None, "acked_by": "", "acked_at": None, "silenced_until": 0.0}
        hand.add(INCIDENTS, [{**key, **told, **nobody, "id": number, "opened_at": record["at"]}])
        _log(hand, record, number, "opened", sighting["message"])
        return
    hand.connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == old["id"]).values(told))
    if any(old[name] != told[name] for name in _NEWS):
        _log(hand, record, old["id"], "changed", sighting["message"])


def _log(hand: Hand, record: Record, incident: int, what: str, text: str) -> None:
    here = INCIDENT_LOG.c.incident == incident
    last = hand.connection.execute(select(func.coalesce(func.max(INCIDENT_LOG.c.number), 0)).where(here)).scalar_one()
    told = {"at": record["at"], "who": record["who"], "what": what, "text": text}
    hand.add(INCIDENT_LOG, [{**told, "incident": incident, "number": last + 1}])
    by = f" by {record['who']}" if what in _BY else ""
    said = f"incident {incident} {what}{by}{': ' if text else ''}{text}"
    hand.tell([{"at": record["at"], "kind": "incident", "text": said, "facts": {"incident": incident, "what": what}}])


_BY = frozenset({"acked", "silenced", "closed"})
