"""What sweeps leave in a store; each question is asked of the store and of the light reader."""

from __future__ import annotations

import pytest

from aifctl.ports.store_writes import Event
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, HandClock, begin, change, contents, look, opened, seen

DIGEST = "ab" * 32
OTHER = "cd" * 32


def test_a_look_is_the_newest_of_its_node(store: SqlStore) -> None:
    begin(store)
    whole = look(
        "n1",
        worst_check="xid",
        result="fault",
        boot_id="b-1",
        facts_digest=DIGEST,
        facts=b'{"sku":"h100"}',
        memory=b'{"cursor":""}',
        findings=b'{"standing":[]}',
    )
    store.add("s1", [whole, look("n2")])

    row = seen(store, lambda reader: reader.node_now("n1"))
    assert row is not None
    assert (row.sweep, row.at_s, row.seen_at_s, row.result, row.worst_check) == ("s1", NOW_S, NOW_S, "fault", "xid")
    assert (row.moving, row.memory, row.findings) == (whole.moving, whole.memory, whole.findings)
    assert (row.boot_id, row.facts_digest) == ("b-1", DIGEST)
    assert seen(store, lambda reader: reader.facts(DIGEST)) == whole.facts
    assert [one.node for one in seen(store, lambda reader: reader.nodes_now())] == ["n1", "n2"]
    assert seen(store, lambda reader: reader.nodes_now(["n2", "n3"]))[0].memory is None
    assert seen(store, lambda reader: reader.nodes_now([])) == []


def test_what_a_look_leaves_out_stays_as_it_was(store: SqlStore) -> None:
    begin(store)
    first = look("n1", facts_digest=DIGEST, facts=b"{}", memory=b"[1]", findings=b"[2]", boot_id="b-1")
    store.add("s1", [first])
    store.add(
        "s1", [look("n1", NOW_S + 60, moving=None, answered=False, outcome="connect-timeout", message="no answer")]
    )

    row = store.node_now("n1")
    assert row is not None
    assert (row.memory, row.findings, row.moving, row.facts_digest, row.boot_id) == (
        b"[1]",
        b"[2]",
        first.moving,
        DIGEST,
        "b-1",
    )
    assert (row.at_s, row.seen_at_s, row.outcome, row.message) == (NOW_S + 60, NOW_S, "connect-timeout", "no answer")


def test_facts_are_kept_once_and_only_on_change(store: SqlStore) -> None:
    begin(store)
    for index, digest in enumerate([DIGEST, DIGEST, OTHER, DIGEST]):
        store.add("s1", [look("n1", NOW_S + index, facts_digest=digest, facts=digest.encode())])
    store.add("s1", [look("n2", facts_digest=DIGEST)])

    history = seen(store, lambda reader: reader.facts_history("n1"))
    assert [(row.digest, row.since_at_s - NOW_S) for row in history] == [(DIGEST, 3), (OTHER, 2), (DIGEST, 0)]
    assert len(contents(store._writer.database.place)["facts"]) == 2
    assert seen(store, lambda reader: reader.facts("ef" * 32)) is None


def test_readings_are_told_oldest_first_one_for_each_node_and_sweep(store: SqlStore) -> None:
    for number in range(3):
        begin(store, f"s{number}")
        store.add(f"s{number}", [look("n1", NOW_S + number), look("n2", NOW_S + number)])
    store.add("s2", [look("n1", NOW_S + 9)])

    assert [row.at_s - NOW_S for row in seen(store, lambda reader: reader.readings("n1"))] == [0, 1, 2]
    assert [row.sweep for row in seen(store, lambda reader: reader.readings("n1", since_s=NOW_S + 1))] == ["s1", "s2"]
    assert [row.sweep for row in seen(store, lambda reader: reader.readings("n1", limit=1))] == ["s2"]


def test_a_finding_has_a_beginning_and_an_end(store: SqlStore) -> None:
    begin(store)
    store.add("s1", [look("n1", changes=[change("opened"), change("opened", "ecc", code="")])])
    store.add(
        "s1", [look("n1", NOW_S + 1, changes=[change("changed", result="degraded"), change("cleared", "ecc", code="")])]
    )

    standing = seen(store, lambda reader: reader.findings())
    assert [(row.check, row.result, row.first_at_s, row.last_at_s) for row in standing] == [
        ("xid", "degraded", NOW_S, None)
    ]
    assert standing[0].evidence == {"lines": [1, 2]}
    past = seen(store, lambda reader: reader.findings(["n1"], standing=False, check="ecc"))
    assert [(row.last_at_s, row.first_sweep, row.cleared_sweep) for row in past] == [(NOW_S + 1, "s1", "s1")]
    assert seen(store, lambda reader: reader.findings(standing=False, since_s=NOW_S + 2)) == standing
    told = [event.text for event in seen(store, lambda reader: reader.events(nodes=["n1"]))]
    assert told[0] == "xid gpu:0000:1b:00.0 79: fell off the bus"
    assert told[-1] == "ecc gpu:0000:1b:00.0 is clean again"


def test_a_finding_that_comes_back_is_a_new_one_and_none_stands_twice(store: SqlStore) -> None:
    begin(store)
    for index, kind in enumerate(["opened", "opened", "cleared", "cleared", "opened"]):
        store.add("s1", [look("n1", NOW_S + index, changes=[change(kind)])])

    found = seen(store, lambda reader: reader.findings(standing=False))
    assert [(row.first_at_s - NOW_S, row.last_at_s) for row in found] == [(4, None), (0, NOW_S + 2)]


@pytest.mark.parametrize("fields", [{"at_s": NOW_S - 60}, {"at_s": NOW_S + 60, "after_s": NOW_S - 60}])
def test_a_look_that_another_sweep_has_overtaken_is_a_reading_and_nothing_else(
    store: SqlStore, fields: dict[str, float]
) -> None:
    begin(store)
    begin(store, "s2")
    store.add("s1", [look("n1", after_s=0.0, memory=b"[1]")])
    store.add("s2", [look("n1", **fields, memory=b"[2]", result="fault", changes=[change("opened")])])

    row = store.node_now("n1")
    assert row is not None
    assert (row.at_s, row.result, row.memory, row.sweep) == (NOW_S, "ok", b"[1]", "s1")
    assert store.findings() == []
    assert len(store.readings("n1")) == 2


def test_a_sweep_is_told_from_its_beginning_to_its_end(store: SqlStore, clock: HandClock) -> None:
    store.begin_sweep("s1", selector="@rack:r1", asked=2, probe="p", facts={"a": 1})
    assert [row.ended_at_s for row in seen(store, lambda reader: reader.sweeps())] == [None]
    clock.passed_s = 9
    store.end_sweep("s1", answered=1, exit_code=4, facts={"b": 2})
    begin(store, "s2")

    row = seen(store, lambda reader: reader.sweep("s1"))
    assert row is not None
    assert (row.selector, row.asked, row.answered, row.exit_code) == ("@rack:r1", 2, 1, 4)
    assert (row.started_at_s, row.ended_at_s, row.facts) == (NOW_S, NOW_S + 9, {"a": 1, "b": 2})
    assert [one.id for one in seen(store, lambda reader: reader.sweeps(limit=1))] == ["s2"]
    assert seen(store, lambda reader: reader.sweep("s9")) is None


def test_a_sweep_that_goes_on_has_not_ended(store: SqlStore) -> None:
    begin(store)
    store.end_sweep("s1", answered=1, exit_code=130, facts={})
    begin(store)

    row = store.sweep("s1")
    assert row is not None
    assert (row.ended_at_s, row.exit_code) == (None, None)
    assert len(store.sweeps()) == 1


def test_a_node_that_is_looked_at_twice_in_one_batch_has_both_looks(store: SqlStore) -> None:
    begin(store)
    twice = [look("n1", NOW_S, changes=[change("opened")]), look("n1", NOW_S + 1, changes=[change("cleared")])]
    store.add("s1", twice)
    assert [row.last_at_s for row in store.findings(standing=False)] == [NOW_S + 1]


def test_texts_that_a_database_can_not_hold_are_mended_on_their_way(store: SqlStore) -> None:
    begin(store)
    store.add("s1", [look("n1", message="a\0b\udcffc", changes=[change("opened", message="\0")])])
    row = seen(store, lambda reader: reader.node_now("n1"))
    assert row is not None
    assert row.message == "a\N{REPLACEMENT CHARACTER}b?c"


def test_many_nodes_are_found_by_name_as_few_are(store: SqlStore) -> None:
    names = [f"n{number}" for number in range(1200)]
    begin(store)
    store.add("s1", [look(name) for name in names])
    wanted = names[:900]
    assert [row.node for row in seen(store, lambda reader: reader.nodes_now(wanted))] == sorted(wanted)
    assert len(seen(store, lambda reader: reader.events(nodes=names))) == 0


def test_the_time_line_is_told_oldest_first_and_ends_with_the_newest(store: SqlStore, place: Place) -> None:
    store.tell([Event(kind="run", text=f"run {number}", node="n1", at_s=NOW_S + number) for number in range(5)])
    store.tell([Event(kind="run", text="now")])
    assert [event.text for event in seen(store, lambda reader: reader.events(limit=2))] == ["run 3", "run 4"]
    assert [event.text for event in seen(store, lambda reader: reader.events(since_s=NOW_S + 4))] == ["run 4"]
    assert [event.text for event in seen(store, lambda reader: reader.events(nodes=[""]))] == ["now"]
    with opened(place) as again:
        assert len(again.events()) == 6
