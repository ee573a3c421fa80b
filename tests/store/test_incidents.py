"""Incidents and the notifications of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aifctl.core.errors import UsageError
from aifctl.ports.store import ConflictError
from aifctl.ports.store_writes import Notification, Sighting
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, PAT, HandClock, opened, seen

RACK = Sighting(
    check="power-brake",
    code="",
    scope="rack",
    scope_value="r1",
    result="fault",
    action="drain",
    message="8 nodes of rack r1: power brake",
    nodes=("n1", "n2"),
    facts={"feed": "A"},
)
MAIL = Notification(incident=1, channel="slack", payload="first", due_at_s=NOW_S)


def test_an_incident_is_one_by_its_key_however_often_it_is_seen(store: SqlStore, clock: HandClock) -> None:
    (first,) = store.sight([RACK], PAT)
    clock.passed_s = 60
    other = replace(RACK, scope_value="r2")
    again, new = store.sight([replace(RACK, nodes=("n1",)), other], PAT)

    assert (again.id, again.opened_at_s, again.updated_at_s, again.nodes) == (first.id, NOW_S, NOW_S + 60, ("n1",))
    assert new.id != first.id
    assert seen(store, lambda reader: reader.incidents()) == [new, again]
    assert [one.what for one in seen(store, lambda reader: reader.incident_log(first.id))] == ["opened", "changed"]
    store.sight([replace(RACK, nodes=("n1",), message="said otherwise")], PAT)
    assert len(store.incident_log(first.id)) == 2
    assert again.facts == {"feed": "A"}


def test_an_incident_that_is_gone_is_closed_and_opens_anew_under_another_id(store: SqlStore, clock: HandClock) -> None:
    (first,) = store.sight([RACK], PAT)
    clock.passed_s = 60
    assert store.sight([], PAT, gone=[first.id]) == ()
    assert seen(store, lambda reader: reader.incidents()) == []
    (past,) = seen(store, lambda reader: reader.incidents(open_only=False, since_s=NOW_S + 60))
    assert past.closed_at_s == NOW_S + 60
    assert seen(store, lambda reader: reader.incidents(open_only=False, since_s=NOW_S + 61)) == []
    (again,) = store.sight([RACK], PAT)
    assert again.id != first.id
    assert store.sight([], PAT) == ()


def test_what_a_person_says_of_an_incident_is_kept_with_it(store: SqlStore, clock: HandClock) -> None:
    (first,) = store.sight([RACK], PAT)
    assert store.acknowledge(first.id, PAT, text="mine").acked_by == "pat"
    assert store.silence(first.id, PAT, until_s=NOW_S + 500).silenced_until_s == NOW_S + 500
    clock.passed_s = 7
    (seen_again,) = store.sight([RACK], PAT)
    assert (seen_again.acked_by, seen_again.acked_at_s, seen_again.silenced_until_s) == ("pat", NOW_S, NOW_S + 500)
    assert store.close_incident(first.id, PAT, text="PSU swapped").closed_at_s == NOW_S + 7
    log = seen(store, lambda reader: reader.incident_log(first.id))
    assert [(one.what, one.text) for one in log[1:]] == [("acked", "mine"), ("silenced", ""), ("closed", "PSU swapped")]
    with pytest.raises(ConflictError, match="incident 1 has been closed since 2026-11-24T03:00:07Z"):
        store.acknowledge(first.id, PAT)
    with pytest.raises(UsageError, match="there is no incident 9"):
        store.silence(9, PAT, until_s=NOW_S)


def test_two_sweeps_that_see_the_same_thing_open_one_incident(store: SqlStore, place: Place) -> None:
    with opened(place) as other:
        (theirs,) = other.sight([RACK], PAT)
    (ours,) = store.sight([RACK], PAT)
    assert ours.id == theirs.id


def test_a_notification_is_taken_by_one_sender_at_a_time(store: SqlStore, place: Place, clock: HandClock) -> None:
    store.enqueue([MAIL, replace(MAIL, channel="mail", due_at_s=NOW_S + 60)])
    (taken,) = store.take_due(for_s=30)
    assert (taken.channel, taken.payload, taken.attempts) == ("slack", "first", 0)
    with opened(place) as other:
        assert other.take_due(for_s=30) == []
    clock.passed_s = 31
    assert [row.id for row in store.take_due(for_s=30)] == [taken.id]
    store.settle(taken.id, error="503", again_at_s=NOW_S + 90)
    assert [row.attempts for row in seen(store, lambda reader: reader.outbox())] == [0, 1]
    clock.passed_s = 100
    for row in store.take_due(for_s=30):
        store.settle(row.id, error="" if row.channel == "slack" else "no such address")
    assert seen(store, lambda reader: reader.outbox()) == []
    told = {row.channel: (row.state, row.last_error, row.sent_at_s) for row in store.outbox(due_only=False)}
    assert told == {"slack": ("sent", "", NOW_S + 100), "mail": ("failed", "no such address", None)}


def test_newer_news_take_the_place_of_what_was_not_sent_yet(store: SqlStore) -> None:
    store.enqueue([MAIL])
    store.enqueue([replace(MAIL, payload="second")])
    (row,) = store.take_due(for_s=30)
    assert row.payload == "second"
    store.enqueue([replace(MAIL, payload="third")])
    store.settle(row.id)
    assert [one.payload for one in seen(store, lambda reader: reader.outbox())] == ["third"]


def test_the_outbox_of_some_incidents_is_read_by_itself(store: SqlStore) -> None:
    store.enqueue([replace(MAIL, incident=number) for number in range(1, 1001)])
    (taken, *_) = store.take_due(for_s=60, limit=1)
    store.settle(taken.id)
    assert [row.incident for row in seen(store, lambda reader: reader.outbox(incidents=[1, 2, 999]))] == [2, 999]
    everything = seen(store, lambda reader: reader.outbox(due_only=False, incidents=range(1, 900)))
    assert [row.incident for row in everything] == list(range(1, 900))
    assert seen(store, lambda reader: reader.outbox(incidents=[])) == []
