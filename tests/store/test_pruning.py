"""What is too old goes, from the database and from the log, and nothing else does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.fleet.lifecycle import State
from aifctl.ports.store import Pruned
from aifctl.ports.store_writes import Event, Move, Sighting
from aifctl.store import log as log_module
from aifctl.store.log import snapshots_in
from aifctl.store.place import Place
from aifctl.store.segment import lock
from tests.store.nights import DAY_S, log_of, nights, pruned, segment_names, sweep
from tests.store.store_parts import (
    NOW_S,
    PAT,
    HandClock,
    begin,
    change,
    contents,
    execute,
    look,
    opened,
    place_of,
    same_as_rebuilt,
)


def fallen(node: str) -> Sighting:
    return Sighting(
        check="xid",
        code="79",
        scope="node",
        scope_value=node,
        result="fault",
        action="drain",
        message="m",
        nodes=(node,),
    )


def test_old_readings_go_and_those_that_are_kept_do_not(place: Place, clock: HandClock) -> None:
    nights(place, clock, 10)
    before = segment_names(place)
    done = pruned(place, clock, keep_days=3.5)
    assert (done.readings_count, done.sweeps_count, done.segments_count) == (21, 6, 7)
    assert done.log_bytes > 0
    with opened(place, clock) as store:
        assert [row.sweep for row in store.readings("n1")] == ["s7", "s8", "s9"]
        # s3: since when a node has been what it is.
        assert [row.id for row in store.sweeps()] == ["s9", "s8", "s7", "s3"]
        assert {row.sweep for row in store.nodes_now()} == {"s9"}
    assert before[:7] == [name for name in before if name not in segment_names(place)]
    same_as_rebuilt(place)


def test_facts_that_were_replaced_go_and_those_that_nodes_have_stay(place: Place, clock: HandClock) -> None:
    nights(place, clock, 10)
    assert pruned(place, clock, keep_days=8.5).facts_count == 0
    assert pruned(place, clock, keep_days=6.5).facts_count == 3
    with opened(place, clock) as store:
        assert [row.digest for row in store.facts_history("n1")] == [f"{1:064x}"]
        assert store.facts(f"{0:064x}") is None
        assert store.facts(f"{1:064x}") is not None


def test_what_stands_and_what_people_did_is_never_too_old(place: Place, clock: HandClock) -> None:
    with opened(place, clock) as store:
        begin(store, "s-old")
        store.add("s-old", [look("n1", changes=[change("opened"), change("opened", "ecc")])])
        store.add("s-old", [look("n1", NOW_S + 1, changes=[change("cleared", "ecc")])])
        stands, over = store.sight([fallen("n1"), fallen("n2")], PAT)
        store.sight([], PAT, gone=[over.id])
        store.move([Move(node="n1", source=State.READY, target=State.DRAINING, expected_version=0, reason="r")], PAT)
        store.note(["n1"], "a note", PAT)
        store.tell([Event(kind="run", text="t")])
        store.end_sweep("s-old", answered=1, exit_code=1, facts={})
    clock.passed_s = 50 * DAY_S
    nights(place, clock, 2)
    kept = {name: rows for name, rows in contents(place).items() if name not in {"readings", "log_head", "segments"}}
    pruned(place, clock, keep_days=10)
    assert {name: rows for name, rows in contents(place).items() if name in kept} == kept
    assert execute(place, "SELECT count(*) FROM readings WHERE sweep = 1") == [(0,)]
    with opened(place, clock) as store:
        assert [row.id for row in store.incidents()] == [stands.id]
    same_as_rebuilt(place)


def test_a_dry_run_says_what_would_go_and_changes_nothing(place: Place, clock: HandClock) -> None:
    nights(place, clock, 10)
    held, files = contents(place), segment_names(place)
    told = pruned(place, clock, keep_days=3.5, dry_run=True)
    assert (contents(place), segment_names(place), snapshots_in(log_of(place).folder)) == (held, files, [])
    assert replace(pruned(place, clock, keep_days=3.5), database_bytes=0) == told


def test_what_is_young_is_left_alone_and_nothing_is_written(place: Place, clock: HandClock) -> None:
    assert pruned(place, clock, keep_days=1) == Pruned()
    nights(place, clock, 2)
    held = contents(place)
    assert pruned(place, clock, keep_days=30) == Pruned()
    assert contents(place) == held


def test_pruned_again_and_again_the_log_makes_the_same_store(place: Place, clock: HandClock) -> None:
    for number in range(0, 30, 5):
        nights(place, clock, 5, first=number)
        pruned(place, clock, keep_days=6.5)
        assert len(segment_names(place)) <= 12
        assert len(snapshots_in(log_of(place).folder)) <= 1
    with opened(place, clock) as store:
        assert [row.sweep for row in store.readings("n2")] == [f"s{number}" for number in range(24, 30)]
    same_as_rebuilt(place)


def test_of_a_segment_that_has_old_and_new_readings_the_new_are_made_again(place: Place, clock: HandClock) -> None:
    nights(place, clock, 3)
    nights(place, clock, 6, first=3, roll_bytes=1 << 20)
    pruned(place, clock, keep_days=4.5)
    nights(place, clock, 3, first=9)
    pruned(place, clock, keep_days=6.5)
    with opened(place, clock) as store:
        assert [row.sweep for row in store.readings("n1")] == [f"s{number}" for number in range(6, 12)]
    same_as_rebuilt(place)


def test_a_sweep_that_writes_meanwhile_goes_on_and_keeps_its_segment(place: Place, clock: HandClock) -> None:
    nights(place, clock, 5)
    with opened(place, clock) as sweeping:
        sweeping._writer.log = log_of(place)
        begin(sweeping, "now")
        own = set(segment_names(place))
        sweeping.add("now", [look("n1", NOW_S + clock.passed_s)])
        clock.passed_s += 2 * DAY_S
        assert pruned(place, clock, keep_days=1).segments_count == 4
        sweeping.add("now", [look("n2", NOW_S + clock.passed_s)])
        sweeping.end_sweep("now", answered=2, exit_code=0, facts={})
        assert own & set(segment_names(place))
        assert {row.sweep for row in sweeping.nodes_now(["n1", "n2"])} == {"now"}
    same_as_rebuilt(place)


def test_what_was_queued_before_a_snapshot_and_applied_after_it_is_applied_once(place: Place, clock: HandClock) -> None:
    nights(place, clock, 5)
    with opened(place, clock) as store:
        store._writer.log = log_of(place)
        store._writer._queue([{"kind": "tell", "events": [{"at": NOW_S, "kind": "run", "text": "queued"}]}])
        pruned(place, clock, keep_days=2.5)  # while the other lives, what it has queued is its own
    with opened(place, clock) as store:
        assert [row.text for row in store.events() if row.kind == "run"] == ["queued"]
    same_as_rebuilt(place)


def test_an_sqlite_file_gives_its_space_back(tmp_path: Path) -> None:
    place, clock = place_of(tmp_path), HandClock()
    assert place.path is not None
    moving = os.urandom(20_000).hex().encode()
    with opened(place, clock) as store:
        for number in range(60):
            sweep(store, clock, f"s{number}", moving=moving)
            clock.passed_s += DAY_S
    size = place.path.stat().st_size
    done = pruned(place, clock, keep_days=2.5)
    assert size - place.path.stat().st_size >= 0.9 * done.database_bytes > 0.8 * 0.9 * size
    same_as_rebuilt(place)


def test_a_segment_that_is_pruned_while_somebody_reaches_for_it_is_not_written(
    place: Place, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(place, clock) as store:
        begin(store)
    (path,) = log_of(place).segments()
    clock.passed_s = 60

    def too_late(descriptor: int) -> bool:
        path.unlink(missing_ok=True)
        return lock(descriptor)

    with opened(place, clock) as store:
        with monkeypatch.context() as patch:
            patch.setattr(log_module, "lock", too_late)
            begin(store, "s2")
        (new,) = log_of(place).segments()
        assert new != path
        assert new.stat().st_size > 0


def test_a_segment_does_not_get_the_name_of_one_that_was_pruned(place: Place, clock: HandClock) -> None:
    nights(place, clock, 5)
    gone = set(segment_names(place))
    assert pruned(place, clock, keep_days=2.5).segments_count == 3
    clock.passed_s = 0  # set back
    with opened(place, clock) as store:
        store._writer.log = log_of(place)
        begin(store, "s-back")
        store.add("s-back", [look("n9")])
    assert len(gone & set(segment_names(place))) == 2
    with opened(place, clock) as store:
        assert store.node_now("n9") is not None
    same_as_rebuilt(place)
