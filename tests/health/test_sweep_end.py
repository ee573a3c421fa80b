"""How sweeps end: early, with a store that is away, two at once; what is acted on, and what is only said."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import BackendError, BusyError, SetupError
from aifctl.core.exit_codes import ExitCode
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.scopes import Ground
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.sweep_incidents import FOLDING, sight_incidents
from aifctl.ports.store import QueuedError, Store
from aifctl.ports.store_writes import By, NodeLook
from tests.fakes.fleet import Script
from tests.health.swept_night import DEAD, PACE, SweptNight, swept_night

PAT = By(who="pat")


@pytest.fixture
def night(tmp_path: Path) -> SweptNight:
    return swept_night(tmp_path)


class AwayStore:
    """A store whose `add` and `begin_sweep` raise what they are told to, `times` times; all else is the real one's."""

    def __init__(self, store: Store, problem: Exception, times: int, *, queued_count: int = 0) -> None:
        self._store, self._problem, self._left = store, problem, times
        self.queued_count = queued_count
        self.asked_count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add(self, sweep: str, looks: Sequence[NodeLook]) -> None:
        self.asked_count += 1
        if self._left > 0:
            self._left -= 1
            raise self._problem
        self._store.add(sweep, looks)


def with_store(night: SweptNight, problem: Exception, times: int, **more: int) -> AwayStore:
    away = AwayStore(night.tools.store, problem, times, **more)
    night.tools.stores[:] = [away]
    return away


# Early ends


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, ExitCode.SIGINT), (signal.SIGTERM, ExitCode.SIGTERM)])
def test_a_signal_keeps_what_was_seen_by_then(night: SweptNight, number: int, code: ExitCode) -> None:
    first, *rest = night.names
    night.instead = {rest[0]: Script(run_s=None, run_signal=number)} | dict.fromkeys(rest[1:], Script(dial_s=600))
    report = night.sweep()
    assert (report.exit, report.complete) == (code, False)
    assert night.result(first) == "ok"
    assert {night.result(name) for name in rest} == {None}
    assert {night.items[name]["result"] for name in rest} == {None}
    (row,) = night.tools.store.sweeps()
    assert (row.exit_code, row.answered, row.ended_at_s is None) == (int(code), 1, False)


def test_the_deadline_is_124_and_nodes_that_nobody_came_to_keep_what_stood(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    night.instead = {sick: Script(dial_s=600)}
    report = night.sweep(pace=replace(PACE, deadline_s=0.05))
    assert report.exit is ExitCode.DEADLINE
    assert night.result(sick) == "fault"
    assert [one.nodes for one in night.tools.store.incidents()] == [(sick,)]


# The store


def test_looks_that_no_store_took_are_69_and_told_and_incidents_stay(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    before = night.incidents()
    night.night.cure()
    with_store(night, BackendError("the store does not answer"), 99)
    report = night.sweep()
    assert report.exit is ExitCode.BACKEND
    assert report.complete is False
    assert any("incidents are as the sweep before left them" in note for note in report.notes)
    assert any("the store does not answer" in str(error["message"]) for error in report.errors)
    assert (night.incidents(), night.result(sick)) == (before, "fault")
    assert night.items[sick]["result"] == "ok"  # what was seen is shown all the same


def test_looks_that_are_queued_in_the_log_are_69(night: SweptNight) -> None:
    with_store(night, QueuedError("queued in the log"), 99, queued_count=1)
    assert night.sweep().exit is ExitCode.BACKEND


def test_what_was_queued_and_is_applied_by_the_end_is_no_trouble(night: SweptNight) -> None:
    with_store(night, QueuedError("queued in the log"), 1, queued_count=0)
    assert night.sweep().exit is ExitCode.OK


def test_a_full_disk_is_6(night: SweptNight) -> None:
    with_store(night, SetupError("no room"), 99)
    assert night.sweep().exit is ExitCode.SETUP


# Two at once


class QuickerStore(AwayStore):
    """A store into which another sweep has put what it saw of the same nodes, just before this one does."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, BackendError(""), 0)

    def add(self, sweep: str, looks: Sequence[NodeLook]) -> None:
        self._store.begin_sweep("another", selector="@all", asked=len(looks), probe="", facts={})
        self._store.add("another", [replace(look, at_s=look.at_s - 0.001) for look in looks])
        self._store.add(sweep, looks)


def test_what_another_sweep_was_quicker_with_is_neither_lost_nor_doubled(night: SweptNight) -> None:
    (sick,) = night.night.plant("remap-failure@1")
    store = night.tools.store
    night.tools.stores[:] = [QuickerStore(store)]
    report = night.sweep()
    row = store.node_now(sick)
    assert row is not None
    assert (row.sweep, row.result) == ("another", "fault")
    assert len(store.readings(sick)) == 2
    assert len(store.findings([sick], check="row-remap-failure")) == 1
    assert [one.nodes for one in store.incidents()] == [(sick,)]
    assert report.exit is ExitCode.FINDINGS


def test_one_sweep_at_a_time_folds(night: SweptNight) -> None:
    store, waits = night.tools.store, list[float]()

    def sighted(pause: Callable[[float], None]) -> object:
        return sight_incidents(store, lambda: Ground(judged=frozenset()), (), PAT, counting=frozenset(), pause=pause)

    store.acquire([FOLDING], owner="another", purpose="folding", for_s=60)
    with pytest.raises(BusyError, match="another"):
        sighted(waits.append)
    assert len(waits) == 9

    def leaves(_: float) -> None:
        store.release([FOLDING], owner="another")

    assert sighted(leaves) == ()
    assert store.leases(at_s=night.tools.clock.now().timestamp()) == []


# Over time


def test_what_comes_and_goes_stands_until_it_has_been_clean_for_a_while(night: SweptNight) -> None:
    for _ in range(4):
        night.night.plant("persistence-off@1")
        night.sweep()
        night.night.cure()
        night.sweep()
    (sick,) = [name for name in night.names if night.items[name]["result"] != "ok"]
    assert night.items[sick]["cleared"] == []
    night.sweep()
    night.sweep()
    assert night.items[sick]["result"] == "ok"


def test_a_node_that_nobody_reaches_several_times_is_one_incident_and_becomes_suspect(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 16)
    night.sweep()
    lost = night.names[9]
    night.instead = {lost: DEAD}
    for _ in range(2):
        night.sweep(act=True)
    assert night.tools.store.states() == {}
    (first,) = night.tools.store.incidents()
    night.sweep(act=True)
    (row,) = night.tools.store.incidents()
    assert (row.id, row.result, row.nodes) == (first.id, "unreachable", (lost,))
    assert night.tools.store.states()[lost].state == State.SUSPECT.value
    night.instead = {}
    night.sweep(act=True)
    assert night.tools.store.incidents() == []
    assert night.tools.store.states()[lost].state == State.READY.value


# Acting


def test_acting_drains_by_policy_and_without_it_nothing_is_moved(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 16)
    (sick,) = night.night.plant("remap-failure@1")
    night.sweep()
    assert night.tools.store.states() == {}
    report = night.sweep(act=True)
    row = night.tools.store.states()[sick]
    assert State(row.state) in {State.DRAINING, State.DRAINED}
    assert row.reason.startswith("aifctl:")
    assert row.run == night.tools.store.sweeps()[0].id
    assert any(sick in note and note.startswith("drained") for note in report.notes)
    assert report.exit is ExitCode.FINDINGS


def fails(_thing: object, case: Case) -> list[Finding]:
    if case.inventory["name"].endswith("n02"):
        return [
            Finding(
                check="new-check", subject="node", code="", result=Result.FAULT, action=Action.REBOOT,
                message="it is not what it should be",
            )
        ]  # fmt: skip
    return []


TOO_KEEN = Check(
    name="new-check", about="One that is wrong about a quarter of the fleet.", section=SectionName.GPU,
    subjects=lambda reading: [("node", reading)], judge=fails,
)  # fmt: skip


def test_a_check_that_a_quarter_of_the_fleet_fails_is_suspect_nobody_is_drained_and_everybody_is_told(
    tmp_path: Path,
) -> None:
    night = swept_night(tmp_path, 20, policy=Policy())
    night.tools.checks = (*night.tools.checks, TOO_KEEN)
    report = night.sweep(act=True)
    (incident,) = night.tools.store.incidents()
    assert (incident.suspect, len(incident.nodes), incident.action) == (True, 5, "none")
    assert night.tools.store.states() == {}
    assert report.exit is ExitCode.FINDINGS
    assert any(note.startswith("CHECK SUSPECT: new-check: 5 of 20 nodes (25%)") for note in report.notes)
