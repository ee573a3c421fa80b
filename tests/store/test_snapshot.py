"""What stands for the log that was pruned: whole or not there, and enough to make the store of."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, SetupError
from aifctl.store import snapshot as snapshot_module
from aifctl.store.batch import make_batch
from aifctl.store.damage import DamagedLogError, LogError, NewerStoreError
from aifctl.store.log import snapshots_in
from aifctl.store.place import Place
from aifctl.store.rebuild import rebuild
from aifctl.store.segment import lock
from aifctl.store.store import open_store
from tests.store.nights import log_of, nights, pruned, segment_names
from tests.store.server import Server
from tests.store.store_parts import (
    NOW_S,
    PAT,
    HandClock,
    begin,
    contents,
    execute,
    opened,
    place_of,
    same_as_rebuilt,
)
from tests.store.test_migrations import LATER
from tests.store.test_writing import DRAIN, move_record


def test_a_database_that_is_gone_is_not_taken_for_a_new_one_once_its_log_was_pruned(tmp_path: Path) -> None:
    place, clock = place_of(tmp_path), HandClock()
    nights(place, clock, 5)
    pruned(place, clock, keep_days=2.5)
    assert place.path is not None
    before = contents(place)
    place.path.unlink()
    with pytest.raises(SetupError, match=r"is empty, and its log was pruned.*`aifctl store rebuild`"):
        opened(place, clock)
    made = rebuild(place, clock=clock)
    assert made.snapshot
    assert contents(place) == before


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-60], lambda data: data[:900] + b"\0" + data[901:]], ids=["cut", "changed"]
)
def test_a_snapshot_that_is_damaged_is_said_and_the_store_is_left_as_it_is(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    place, clock = place_of(tmp_path), HandClock()
    nights(place, clock, 5)
    pruned(place, clock, keep_days=2.5)
    (path,) = snapshots_in(log_of(place).folder)
    path.write_bytes(spoil(path.read_bytes()))
    before = contents(place)
    with pytest.raises(DamagedLogError):
        rebuild(place, clock=clock)
    assert contents(place) == before


def test_a_snapshot_of_an_older_schema_is_brought_up_to_date_and_a_newer_one_refused(
    place: Place, clock: HandClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nights(place, clock, 5)
    pruned(place, clock, keep_days=2.5)
    anew = replace(place_of(tmp_path, f"sqlite:///{tmp_path}/anew.db"), log=place.log)
    rebuild(anew, clock=clock, steps=LATER)
    assert execute(anew, "SELECT version FROM schema_version") == [(2,)]
    assert execute(anew, "SELECT count(*) FROM later") == [(1,)]
    with open_store(anew, clock=clock, steps=LATER) as store:
        assert len(store.readings("n1")) == 2
    monkeypatch.setattr(snapshot_module, "VERSION", 0)
    with pytest.raises(NewerStoreError):
        rebuild(anew, clock=clock)


def test_one_prunes_at_a_time_and_what_a_killed_one_left_is_no_hindrance(place: Place, clock: HandClock) -> None:
    nights(place, clock, 5)
    unfinished = log_of(place).folder / ".snapshot.new"
    unfinished.write_bytes(b"half of one")
    descriptor = os.open(unfinished, os.O_RDWR)
    assert lock(descriptor)
    before = segment_names(place)
    with pytest.raises(BusyError, match="somebody else prunes"):
        pruned(place, clock, keep_days=2.5)
    assert set(before) <= set(segment_names(place))
    os.close(descriptor)
    assert pruned(place, clock, keep_days=2.5).segments_count == 3
    assert not unfinished.exists()
    same_as_rebuilt(place)


def test_where_the_disk_is_full_no_segment_goes(
    place: Place, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights(place, clock, 5)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = segment_names(place)
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_module, "sync_folder", full)
        with pytest.raises(LogError, match="is full"):
            pruned(place, clock, keep_days=2.5)
    assert set(before) <= set(segment_names(place))
    same_as_rebuilt(place)


@pytest.mark.db
def test_what_one_control_host_pruned_is_rebuilt_with_the_logs_of_the_others(tmp_path: Path, server: Server) -> None:
    url, clock = server.database(), HandClock()
    places = [place_of(tmp_path / name, url) for name in ("ctl1", "ctl2")]
    nights(places[0], clock, 4)
    nights(places[1], clock, 4, first=4)
    nights(places[0], clock, 2, first=8)
    assert pruned(places[0], clock, keep_days=4.5).segments_count == 4
    nights(places[1], clock, 1, first=10)
    before = contents(places[0])
    anew = replace(place_of(tmp_path / "ctl1", server.database()), log=places[0].log)
    rebuild(anew, clock=clock, logs=[places[1].state.path.joinpath(*places[1].log)])
    assert contents(anew) == before


def test_a_move_that_was_left_behind_before_a_snapshot_yields_to_one_that_was_acknowledged_since(
    place: Place, clock: HandClock
) -> None:
    nights(place, clock, 5)
    pruned(place, clock, keep_days=2.5)
    with opened(place, clock) as store:
        begin(store, "s5")
        segment = log_of(place).take(None, at_s=NOW_S + clock.passed_s)
        late = make_batch([{**move_record(), "who": "dead"}])
        segment.append(late.member(seq=2, at_s=NOW_S))  # a number that was given again, and committed
        segment.close()
        store.move([DRAIN], PAT)
    if place.path is None:
        execute(place, "DROP SCHEMA public CASCADE")
        execute(place, "CREATE SCHEMA public")
    rebuild(place, clock=clock)
    with opened(place, clock) as store:
        assert [row.actor for row in store.transitions()] == ["pat"]
    same_as_rebuilt(place)
