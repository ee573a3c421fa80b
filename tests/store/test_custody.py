"""States, drains, leases, mutes, freezes: compare-and-set, with who, when and why."""

from __future__ import annotations

import pytest

from aifctl.core.errors import BusyError, UsageError
from aifctl.fleet.lifecycle import State
from aifctl.ports.store import ConflictError
from aifctl.ports.store_writes import Move
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, PAT, HandClock, opened, seen

DRAIN = Move(
    node="n1",
    source=State.READY,
    target=State.DRAINING,
    expected_version=0,
    reason="aifctl:check:xid fell off the bus",
    owner="check",
    why="xid 79",
    action="reboot",
    boot_id="b-1",
    incident=7,
)


def move(node: str, source: State, target: State, version: int, **fields: bool) -> Move:
    return Move(node=node, source=source, target=target, expected_version=version, **fields)  # type: ignore[arg-type]


def test_a_move_is_told_with_who_when_from_where_and_why(store: SqlStore) -> None:
    (row,) = store.move([DRAIN], PAT)

    assert seen(store, lambda reader: reader.states()) == {"n1": row}
    assert (row.state, row.version, row.since_at_s, row.actor) == ("draining", 1, NOW_S, "pat")
    assert (row.from_where, row.reason, row.owner, row.why) == (PAT.from_where, DRAIN.reason, "check", "xid 79")
    (transition,) = seen(store, lambda reader: reader.transitions(["n1"], since_s=NOW_S))
    assert (transition.source, transition.target, transition.actor) == ("ready", "draining", "pat")
    assert seen(store, lambda reader: reader.events())[0].text.startswith("ready → draining by pat: aifctl:check:xid")


def test_a_node_that_no_longer_stands_as_it_was_seen_is_not_moved_nor_are_those_beside_it(store: SqlStore) -> None:
    store.move([DRAIN], PAT)
    late = [
        move("n2", State.READY, State.SUSPECT, 0),
        move("n1", State.READY, State.SUSPECT, 0),
    ]
    with pytest.raises(ConflictError, match="the state of n1 has changed meanwhile"):
        store.move(late, PAT)
    with pytest.raises(ConflictError):
        store.move([move("n1", State.DRAINING, State.DRAINED, 0)], PAT)
    with pytest.raises(ConflictError):
        store.move([move("n1", State.READY, State.DRAINED, 1)], PAT)
    assert list(store.states()) == ["n1"]
    assert len(store.transitions()) == 1


def test_a_drain_goes_from_draining_through_drained_to_whatever_ends_it(store: SqlStore, clock: HandClock) -> None:
    store.move([DRAIN], PAT)
    clock.passed_s = 10
    store.move([move("n1", State.DRAINING, State.DRAINED, 1)], PAT)
    (drain,) = seen(store, lambda reader: reader.drains())
    assert (drain.since_at_s, drain.reason, drain.action, drain.boot_id, drain.incident) == (
        NOW_S,
        DRAIN.reason,
        "reboot",
        "b-1",
        7,
    )
    store.move([move("n1", State.DRAINED, State.READY, 2)], PAT)
    assert seen(store, lambda reader: reader.drains()) == []
    (past,) = seen(store, lambda reader: reader.drains(["n1"], standing=False))
    assert (past.ended_at_s, past.ended_by) == (NOW_S + 10, "pat")


def test_powering_off_changes_a_flag_and_leaves_the_state_and_its_reason(store: SqlStore, clock: HandClock) -> None:
    store.move([DRAIN], PAT)
    clock.passed_s = 5
    (row,) = store.move([move("n1", State.DRAINING, State.DRAINING, 1, off=True)], PAT)
    assert (row.state, row.off, row.version, row.reason, row.since_at_s) == ("draining", True, 2, DRAIN.reason, NOW_S)
    (row,) = store.move([move("n1", State.DRAINING, State.DRAINED, 2)], PAT)
    assert row.off
    assert seen(store, lambda reader: reader.events())[1].text == "off by pat"


def test_two_who_saw_the_same_state_are_not_both_obeyed(store: SqlStore, place: Place) -> None:
    with opened(place) as other:
        other.move([DRAIN], PAT)
        with pytest.raises(ConflictError):
            store.move([DRAIN], PAT)
    assert len(store.transitions()) == 1


def test_a_lease_is_one_owners_until_it_runs_out_is_given_back_or_broken(store: SqlStore, clock: HandClock) -> None:
    (lease,) = store.acquire(["node:n1"], owner="run-1", purpose="play site.yaml", for_s=120)
    assert seen(store, lambda reader: reader.leases(at_s=NOW_S)) == [lease]
    with pytest.raises(BusyError, match=r"n1 is leased by run-1 \(play site.yaml\) since 2026-11-24T03:00:00Z"):
        store.acquire(["node:n1", "node:n2"], owner="run-2", purpose="burn-in", for_s=120)
    assert len(store.leases()) == 1

    clock.passed_s = 100
    (lease,) = store.renew(["node:n1"], owner="run-1", for_s=120)
    assert (lease.since_s, lease.until_s, lease.purpose) == (NOW_S, NOW_S + 220, "play site.yaml")
    clock.passed_s = 221
    assert store.leases(at_s=NOW_S + 221) == []
    (lease,) = store.acquire(["node:n1"], owner="run-2", purpose="burn-in", for_s=120)
    assert (lease.owner, lease.since_s) == ("run-2", NOW_S + 221)
    with pytest.raises(ConflictError, match="no longer held by run-1"):
        store.renew(["node:n1"], owner="run-1", for_s=120)
    store.release(["node:n1"], owner="run-1")
    assert store.break_leases(["node:n1", "node:n9"], PAT, reason="it hangs") == (lease,)
    assert store.leases() == []
    assert store.break_leases(["node:n1"], PAT, reason="again") == ()
    assert store.events(nodes=["n1"])[-1].text == "lease of run-2 on node:n1 broken by pat: it hangs"
    store.acquire(["node:n1"], owner="run-3", purpose="", for_s=1)
    store.release(["node:n1"], owner="run-3")
    assert store.leases() == []


def test_a_mute_holds_until_its_time_or_until_it_is_lifted(store: SqlStore, clock: HandClock) -> None:
    mute = store.mute("pcie-gen", PAT, selector="@rack:r1", until_s=NOW_S + 100, reason="ticket 7")
    assert seen(store, lambda reader: reader.mutes(at_s=NOW_S + 99)) == [mute]
    assert seen(store, lambda reader: reader.mutes(at_s=NOW_S + 100)) == []
    clock.passed_s = 50
    store.unmute(mute.id, PAT)
    assert store.mutes(at_s=NOW_S + 60) == []
    assert [one.lifted_at_s for one in seen(store, lambda reader: reader.mutes())] == [NOW_S + 50]
    with pytest.raises(UsageError, match="there is no mute 9"):
        store.unmute(9, PAT)


def test_a_freeze_stands_until_it_is_lifted(store: SqlStore) -> None:
    first = store.freeze("@rack:r1", ["n1", "n2"], PAT, reason="audit")
    second = store.freeze("n3", ["n3"], PAT, reason="loan")
    store.unfreeze([first.id], PAT)
    assert seen(store, lambda reader: reader.freezes()) == [second]
    assert first.names == ("n1", "n2")
    assert len(seen(store, lambda reader: reader.freezes(standing=False))) == 2


def test_notes_are_told_newest_first(store: SqlStore, clock: HandClock) -> None:
    store.note(["n1", "n2"], "loose cable", PAT)
    clock.passed_s = 1
    store.note(["n1"], "fixed", PAT)
    assert [note.text for note in seen(store, lambda reader: reader.notes(["n1"]))] == ["fixed", "loose cable"]
    assert [note.who for note in seen(store, lambda reader: reader.notes(["n2"]))] == ["pat"]


def test_small_things_are_kept_by_name(store: SqlStore) -> None:
    store.put("reconcile", {"at": NOW_S, "host": "ctl1"})
    assert seen(store, lambda reader: reader.get("reconcile")) == {"at": NOW_S, "host": "ctl1"}
    store.put("reconcile", [1])
    assert store.get("reconcile") == [1]
    store.put("reconcile", None)
    assert seen(store, lambda reader: reader.get("reconcile")) is None
