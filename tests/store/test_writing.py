"""The log comes first: what happens where a database is away, a writer dies, or the log itself can't be written."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from aifctl.core.errors import BackendError, SetupError
from aifctl.fleet.lifecycle import State
from aifctl.ports.store import QueuedError
from aifctl.ports.store_writes import Event, Move
from aifctl.store import writer as writer_module
from aifctl.store.batch import make_batch
from aifctl.store.damage import LogError, NewerStoreError
from aifctl.store.log import Log
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, PAT, HandClock, begin, execute, look, opened, place_of, same_as_rebuilt

DRAIN = Move(node="n1", source=State.READY, target=State.DRAINING, expected_version=0)


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold the lock that writers need, as a process that hangs in a transaction would."""
    if place.path is None:
        with psycopg.connect(place.conninfo) as connection:
            connection.execute("SELECT seq FROM log_head FOR UPDATE")
            yield
        return
    connection_to_file = sqlite3.connect(place.path, isolation_level=None)
    connection_to_file.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection_to_file.close()


def log_of(place: Place) -> Log:
    return Log(state=place.state, parts=place.log)


def sizes(place: Place) -> list[int]:
    return [path.stat().st_size for path in log_of(place).segments()]


def event_texts(store: SqlStore) -> list[str]:
    return [event.text for event in store.events()]


def leave_behind(place: Place, record: dict[str, object], *, seq: int, tail: bytes = b"", at_s: float = NOW_S) -> None:
    """Do what a writer does that dies before it has committed."""
    segment = log_of(place).take(None, at_s=NOW_S)
    segment.append(make_batch([record]).member(seq=seq, at_s=at_s) + tail)
    segment.close()


def told(text: str) -> dict[str, object]:
    return {"kind": "tell", "events": [{"at": NOW_S, "kind": "run", "node": "", "text": text, "facts": {}}]}


def test_a_locked_database_queues_a_sweep_and_the_next_opener_applies_it(place: Place) -> None:
    clock = HandClock()
    with opened(place, clock, bound_s=0.1) as store:
        begin(store)
        with locked(place), pytest.raises(QueuedError, match="it is queued in the log"):
            store.add("s1", [look("n1")])
        assert store.nodes_now() == []
        assert store.queued_count == 1
    with opened(place) as store:
        assert [row.node for row in store.nodes_now()] == ["n1"]
        assert len(store.readings("n1")) == 1


def test_a_database_that_is_away_is_waited_for_once_and_what_was_queued_comes_first(place: Place) -> None:
    clock = HandClock()
    with opened(place, clock, bound_s=0.1) as store:
        with locked(place), pytest.raises(QueuedError):
            store.tell([Event(kind="run", text="first")])
        with pytest.raises(QueuedError):  # without a look at the database, which has come back meanwhile
            store.tell([Event(kind="run", text="second")])
        clock.passed_s = 11
        store.tell([Event(kind="run", text="third")])
        assert event_texts(store) == ["first", "second", "third"]
        assert store.queued_count == 0
    same_as_rebuilt(place)


def test_what_needs_an_answer_is_not_queued(place: Place) -> None:
    with opened(place, bound_s=0.1) as store:
        begin(store)
        before = sizes(place)
        with locked(place), pytest.raises(BackendError) as caught:
            store.move([DRAIN], PAT)
        assert not isinstance(caught.value, QueuedError)
        assert sizes(place) == before
        store.move([DRAIN], PAT)


def test_a_store_whose_database_is_locked_opens_and_queues(place: Place) -> None:
    opened(place).close()
    with locked(place), opened(place, bound_s=0.1) as store, pytest.raises(QueuedError):
        begin(store)
    with opened(place) as store:
        assert [row.id for row in store.sweeps()] == ["s1"]
    same_as_rebuilt(place)


def test_what_a_writer_left_between_its_log_and_its_commit_is_applied_once(place: Place) -> None:
    with opened(place) as store:
        begin(store)
    leave_behind(place, told("left behind"), seq=2)
    for _ in range(2):
        with opened(place) as store:
            assert event_texts(store) == ["left behind"]
    same_as_rebuilt(place)


def test_a_move_that_was_left_behind_yields_to_one_that_was_acknowledged_since(place: Place) -> None:
    late = {**move_record(), "who": "dead"}
    with opened(place) as store:
        leave_behind(place, late, seq=1)
        store.move([DRAIN], PAT)  # with number 1, as the other one
        store.tell([Event(kind="run", text="later")])
    with opened(place) as store:
        assert [row.actor for row in store.transitions()] == ["pat"]
    same_as_rebuilt(place)


def move_record() -> dict[str, object]:
    move = {"node": "n1", "source": "ready", "target": "suspect", "expected_version": 0, "off": None}
    texts = dict.fromkeys(("reason", "owner", "why", "action", "boot_id"), "")
    return {"kind": "move", "at": NOW_S, "from": "", "run": "", "moves": [{**move, **texts, "incident": 0}]}


@pytest.mark.parametrize(
    "tail", [b"\x1f\x8b\x08\x04half a header", b"\0" * 500, make_batch([told("x")]).member(seq=3, at_s=0)[:-3]]
)
def test_a_torn_end_is_cut_off_by_whoever_comes_next(place: Place, tail: bytes) -> None:
    with opened(place) as store:
        begin(store)
    leave_behind(place, told("whole"), seq=2, tail=tail)
    torn = sizes(place)
    with opened(place) as store:
        assert event_texts(store) == ["whole"]
        store.tell([Event(kind="run", text="next")])
        assert event_texts(store) == ["whole", "next"]
    assert min(sizes(place)) < max(torn)
    same_as_rebuilt(place)


def test_a_member_whose_text_is_damaged_is_said_to_be_lost_and_hides_nothing_behind_it(place: Place) -> None:
    with opened(place) as store:
        begin(store)
    segment = log_of(place).take(None, at_s=NOW_S)
    bad = bytearray(make_batch([told("bad")]).member(seq=2, at_s=NOW_S))
    bad[50] ^= 0xFF
    segment.append(bytes(bad) + make_batch([told("good")]).member(seq=3, at_s=NOW_S))
    segment.close()
    with opened(place) as store:
        texts = event_texts(store)
    assert texts[-1] == "good" or texts[0] == "good"
    assert any(text.startswith("lost: ") for text in texts)


def test_a_writer_whose_apply_fails_takes_its_own_record_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(place) as store:
        begin(store)
        before = sizes(place)
        with monkeypatch.context() as patch:
            patch.setattr(writer_module, "apply", _broken)
            with pytest.raises(ZeroDivisionError):
                store.tell([Event(kind="run", text="x")])
        assert sizes(place) == before
        store.tell([Event(kind="run", text="y")])
        assert event_texts(store) == ["y"]


def _broken(*_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("what", ["is full: nothing more is stored", "can't be written"])
def test_a_log_that_can_not_be_written_applies_nothing(
    place: Place, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = errno.ENOSPC if "full" in what else errno.EIO

    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    with opened(place) as store:
        begin(store)
        before = sizes(place)
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", fail)
            with pytest.raises(LogError, match=what):
                store.add("s1", [look("n1")])
        assert (sizes(place), store.nodes_now()) == (before, [])
        store.add("s1", [look("n1")])
    same_as_rebuilt(place)


def test_two_writers_at_once_have_a_segment_each_and_the_next_goes_on_in_one(place: Place) -> None:
    with opened(place) as one, opened(place) as other:
        begin(one)
        begin(other, "s2")
        for number in range(5):
            one.add("s1", [look(f"n{number}", NOW_S)])
            other.add("s2", [look(f"n{number}", NOW_S + 1)])
        assert len(sizes(place)) == 2
        assert {row.sweep for row in one.nodes_now()} == {"s2"}
    with opened(place) as third:
        begin(third, "s3")
    assert len(sizes(place)) == 2
    assert execute(place, "SELECT count(*) FROM readings") == [(10,)]
    same_as_rebuilt(place)


def test_a_segment_that_somebody_has_cut_is_not_gone_on_with(place: Place) -> None:
    with opened(place) as store:
        begin(store)
    (path,) = log_of(place).segments()
    os.truncate(path, 10)
    with opened(place) as store:
        store.tell([Event(kind="run", text="x")])
    assert len(sizes(place)) == 2


def test_segments_that_are_long_enough_are_not_gone_on_with(place: Place) -> None:
    with opened(place) as store:
        begin(store)
    with opened(place) as store:
        store._writer.log = Log(state=place.state, parts=place.log, roll_bytes=10)
        begin(store, "s2")
    assert len(sizes(place)) == 2


def test_a_record_of_a_kind_that_is_not_known_was_written_by_a_newer_one(place: Place) -> None:
    opened(place).close()
    leave_behind(place, {"kind": "teleport"}, seq=1)
    with pytest.raises(NewerStoreError, match=r"'teleport'.*newer aifctl"):
        opened(place)


def test_a_database_that_is_gone_is_made_anew_from_its_log(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    assert place.path is not None
    with opened(place) as store:
        begin(store)
        store.add("s1", [look("n1")])
        store.move([DRAIN], PAT)
    place.path.unlink()
    with opened(place) as store:
        assert [row.state for row in store.states().values()] == ["draining"]
        store.move([Move(node="n1", source=State.DRAINING, target=State.DRAINED, expected_version=1)], PAT)
    same_as_rebuilt(place)


def test_a_log_that_may_not_be_read_is_an_error(tmp_path: Path, place: Place) -> None:
    with opened(place) as store:
        begin(store)
    folder = log_of(place).folder
    moved = folder.with_name("moved")
    folder.rename(moved)
    folder.write_text("")
    with pytest.raises(SetupError, match="can't be read"):
        opened(place)
