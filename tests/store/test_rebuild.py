"""A database made anew from its logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, RefusedError, SetupError
from aifctl.fleet.lifecycle import State
from aifctl.ports.store_writes import Event, Move, Notification, Sighting
from aifctl.store.log import Log
from aifctl.store.place import Place
from aifctl.store.rebuild import rebuild
from aifctl.store.store import SqlStore
from tests.store.server import Server
from tests.store.store_parts import (
    NOW_S,
    PAT,
    HandClock,
    begin,
    change,
    contents,
    look,
    opened,
    place_of,
    same_as_rebuilt,
)

LEAF = Sighting(
    check="port",
    code="down",
    scope="leaf",
    scope_value="l1",
    result="fault",
    action="cable",
    message="m",
    nodes=("n1",),
)


def everything(store: SqlStore, clock: HandClock) -> None:
    """Do one of each thing that a store can be asked to write."""
    begin(store)
    whole = look("n1", facts_digest="ab" * 32, facts=b"{}", memory=b"[]", findings=b"[]", changes=[change("opened")])
    store.add("s1", [whole, look("n2")])
    store.add("s1", [look("n1", NOW_S + 1, changes=[change("cleared")])])
    (incident,) = store.sight([LEAF], PAT)
    clock.passed_s += 1
    store.acknowledge(incident.id, PAT, text="ours")
    store.silence(incident.id, PAT, until_s=NOW_S + 9)
    store.enqueue([Notification(incident=incident.id, channel="mail", payload="p", due_at_s=NOW_S)])
    for row in store.take_due(for_s=5):
        store.settle(row.id, error="no", again_at_s=NOW_S + 60)
    store.sight([], PAT, gone=[incident.id])
    store.move([Move(node="n1", source=State.READY, target=State.DRAINING, expected_version=0, reason="r")], PAT)
    store.move([Move(node="n1", source=State.DRAINING, target=State.DRAINED, expected_version=1, off=True)], PAT)
    store.note(["n1", "n3"], "a note", PAT)
    mute = store.mute("port", PAT, selector="", until_s=NOW_S + 5, reason="r")
    store.unmute(mute.id, PAT)
    store.acquire(["node:n1", "node:n2"], owner="o", purpose="p", for_s=5)
    store.renew(["node:n1"], owner="o", for_s=9)
    store.release(["node:n1"], owner="o")
    store.acquire(["node:n1"], owner="o", purpose="p", for_s=5)
    store.break_leases(["node:n1"], PAT, reason="r")
    store.unfreeze([store.freeze("n1", ["n1"], PAT, reason="r").id], PAT)
    store.tell([Event(kind="run", text="t")])
    store.put("a", [1])
    store.put("b", {"c": None})
    store.put("a", None)
    store.end_sweep("s1", answered=2, exit_code=1, facts={"x": [1, 2]})


def test_a_rebuilt_database_holds_the_same_in_every_table(place: Place, clock: HandClock) -> None:
    with opened(place, clock) as store:
        everything(store, clock)
    held = contents(place)
    assert [name for name, rows in held.items() if not rows] == []
    same_as_rebuilt(place)


def test_the_old_file_is_set_aside_and_the_new_one_written_on(tmp_path: Path) -> None:
    place, clock = place_of(tmp_path), HandClock()
    with opened(place, clock) as store:
        everything(store, clock)
    assert place.path is not None
    place.path.write_bytes(b"no database")
    made = rebuild(place, clock=clock)
    assert Path(made.set_aside).read_bytes() == b"no database"
    assert made.batches_count > 20
    with opened(place, clock) as store:
        begin(store, "s2")
        assert len(store.sweeps()) == 2
    assert rebuild(place, clock=clock).set_aside != made.set_aside


def test_nothing_is_rebuilt_while_somebody_writes(place: Place) -> None:
    with opened(place) as store:
        begin(store)
        with pytest.raises(BusyError, match="is being written"):
            rebuild(place, clock=HandClock())


def test_nothing_is_rebuilt_from_no_log(place: Place) -> None:
    with pytest.raises(SetupError, match="there is no log"):
        rebuild(place, clock=HandClock())


@pytest.mark.db
def test_a_postgresql_database_that_holds_a_store_is_left_alone(tmp_path: Path, server: Server) -> None:
    place = place_of(tmp_path, server.database())
    with opened(place) as store:
        begin(store)
    with pytest.raises(RefusedError, match="holds a store; make an empty database"):
        rebuild(place, clock=HandClock())


@pytest.mark.db
def test_what_several_control_hosts_wrote_is_rebuilt_from_all_their_logs(tmp_path: Path, server: Server) -> None:
    url, clock = server.database(), HandClock()
    places = [place_of(tmp_path / name, url) for name in ("ctl1", "ctl2")]
    with opened(places[0], clock) as one, opened(places[1], clock) as other:
        everything(one, clock)
        begin(other, "s2")
        other.add("s2", [look("n1", NOW_S + 100), look("n9", NOW_S + 100)])
        state = one.states()["n1"]
        other.move([Move(node="n1", source=State.DRAINED, target=State.REPAIR, expected_version=state.version)], PAT)
        one.tell([Event(kind="run", text="last")])
    before = contents(places[0])
    anew = place_of(tmp_path / "ctl1", server.database())
    anew = replace(anew, log=places[0].log)
    rebuild(anew, clock=clock, logs=[places[1].state.path.joinpath(*places[1].log)])
    assert contents(anew) == before


def test_what_of_a_log_can_not_be_read_is_said_and_the_rest_is_there(place: Place) -> None:
    with opened(place) as store:
        begin(store)
        store.tell([Event(kind="run", text="first")])
        store.tell([Event(kind="run", text="second")])
    (path,) = Log(state=place.state, parts=place.log).segments()
    data = bytearray(path.read_bytes())
    where = data.index(b"\x1f\x8b\x08\x04", 10)
    data[where + 50] ^= 0xFF
    path.write_bytes(data)
    if place.path is None:
        with pytest.raises(RefusedError):
            rebuild(place, clock=HandClock())
        return
    made = rebuild(place, clock=HandClock())
    assert len(made.damage) == 1
    with opened(place) as store:
        assert [event.text for event in store.events()] == ["second"]
