"""node drain: whom it takes out of service, in whose name, and what it needs not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import InventoryError, RefusedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.custody.audit import read_records
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.draining import DrainAsked, drain
from aifctl.ports.store_writes import By, Move
from tests.fakes.toolbox import TONIGHT, FakeToolbox, LoopClock, racks, toolbox
from tests.ops.run_fakes import ListSink

PAT = By(who="pat")


def asked(
    selector: str, *, reason: str = "ticket 811", idle: bool = False, wait_s: float | None = None, **consent: object
) -> DrainAsked:
    given = Consent(reason=reason, **consent)  # type: ignore[arg-type]
    return DrainAsked(fan=Fan(chosen=Chosen(selector=selector), consent=given), idle=idle, wait_s=wait_s)


def do(tools: FakeToolbox, what: DrainAsked) -> tuple[Report, ListSink]:
    sink = ListSink()
    return drain(what, tools.box, sink), sink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4))


def allocate(tools: FakeToolbox, node: str) -> None:
    tools.store.move([Move(node=node, source=State.READY, target=State.ALLOCATED, expected_version=0)], PAT)


def test_a_person_drains_nodes_in_their_own_name_and_idle_ones_are_drained_at_once(tools: FakeToolbox) -> None:
    allocate(tools, "r1n2")
    report, sink = do(tools, asked("r1n[1-2]"))

    assert report.exit is ExitCode.OK
    assert [(one["node"], one["source"], one["target"]) for one in sink.items] == [
        ("r1n1", "ready", "drained"),
        ("r1n2", "allocated", "draining"),
    ]
    row = tools.store.states()["r1n1"]
    assert row.reason.startswith("aifctl:person:")
    assert row.reason.endswith(" ticket 811")
    assert row.owner == "person"
    assert "still draining" in report.notes[0]
    (record,) = read_records(tools.state)
    assert (record["verb"], record["what"], record["why"]) == ("drain", "2 nodes (r1n[1-2])", row.reason)


def test_why_must_be_said(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="--reason TEXT"):
        do(tools, asked("r1n1", reason=""))


def test_what_is_out_already_stays_its_owners_and_what_takes_no_work_is_not_drained(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(4, states={"r1n1": State.NEW}))
    move = Move(
        node="r1n2",
        source=State.READY,
        target=State.DRAINING,
        expected_version=0,
        reason="maintenance",
        owner="slurm",
    )
    tools.store.move([move], PAT)
    report, sink = do(tools, asked("r1n[1-2]"))
    assert [one["target"] for one in sink.items] == ["new", "draining"]
    assert sink.items[1]["reason"] == "maintenance"
    assert (report.exit, report.complete) == (ExitCode.OK, False)
    assert do(tools, asked("r1n1"))[0].exit is ExitCode.REFUSED


def test_a_person_says_that_the_last_job_has_ended_and_the_drain_stays_its_owners(tools: FakeToolbox) -> None:
    allocate(tools, "r1n1")
    do(tools, asked("r1n1", reason="first"))
    _, sink = do(tools, asked("r1n1", reason="job 7 is gone", idle=True))
    assert sink.items[0]["target"] == "drained"
    row = tools.store.states()["r1n1"]
    assert row.reason.endswith("first")
    assert "job 7 is gone" in row.why


def test_it_goes_on_with_the_last_good_inventory_however_old_that_is(tmp_path: Path) -> None:
    class Broken(FakeToolbox):
        @property
        def fleet(self) -> Fleet:
            raise InventoryError([])

        @fleet.setter
        def fleet(self, fleet: Fleet) -> None:
            """Broken it stays."""

        @property
        def inventory_age_s(self) -> float:
            raise InventoryError([])

        @inventory_age_s.setter
        def inventory_age_s(self, age_s: float) -> None:
            """As above."""

    known = racks(4, policy=Policy(stale_after_s=1.0))
    tools = Broken(state=toolbox(tmp_path).state, inventory=known, known=known)
    assert do(tools, asked("r1n1"))[0].exit is ExitCode.OK
    assert do(tools, asked("r1n2", dry_run=True))[0].summary["nodes_count"] == 1
    assert list(tools.store.states()) == ["r1n1"]


def test_a_lease_on_the_node_is_no_obstacle_and_a_freeze_is_one(tools: FakeToolbox) -> None:
    tools.store.acquire(["node:r1n1"], owner="run x", purpose="reboot", for_s=1e9)
    assert do(tools, asked("r1n1"))[0].exit is ExitCode.OK
    tools.store.freeze("@rack:r2", ["r2n1"], PAT, reason="demo day")
    with pytest.raises(RefusedError, match="frozen by pat"):
        do(tools, asked("r2n1"))


def test_a_whole_rack_and_what_is_protected_need_more_than_a_reason(tools: FakeToolbox) -> None:
    with pytest.raises(RefusedError, match="the whole of rack r1"):
        do(tools, asked("@rack:r1"))
    assert do(tools, asked("@rack:r1", yes=True))[0].exit is ExitCode.OK
    tools.fleet = racks(4, policy=Policy(protected="r2n1"))
    with pytest.raises(RefusedError, match="protected"):
        do(tools, asked("r2n1", yes=True))


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tools: FakeToolbox) -> None:
    report, sink = do(tools, asked("r1n1", dry_run=True))
    assert sink.items[0]["step"].endswith("ticket 811")
    assert tools.store.states() == {}
    confirmed = asked("r1n1", confirm_hash=report.summary["hash"])
    assert do(tools, confirmed)[0].exit is ExitCode.OK


def test_nodes_that_move_while_they_are_drained_are_drained_all_the_same(
    tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, nodes_now = list[int](), tools.store.nodes_now

    def meanwhile(*names: object, **more: object) -> object:
        if not looked:
            looked.append(1)
            allocate(tools, "r1n1")
        return nodes_now(*names, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(tools.store, "nodes_now", meanwhile)
    _, sink = do(tools, asked("r1n1"))
    assert [(one["source"], one["target"]) for one in sink.items] == [("allocated", "draining")]


@dataclass
class WaitingClock(LoopClock):
    """Time that passes only while somebody sleeps, and what happens then."""

    meanwhile: Callable[[], None]
    passed_s: float = 0.0

    def now(self) -> datetime:
        return TONIGHT + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep(self, seconds_s: float) -> None:
        self.passed_s += seconds_s
        if self.passed_s == 10.0:
            self.meanwhile()


def test_waiting_ends_when_all_are_drained_or_with_124(tmp_path: Path) -> None:
    def meanwhile() -> None:
        move = Move(node="r1n1", source=State.DRAINING, target=State.DRAINED, expected_version=2)
        box.store.move([move], PAT)

    box = toolbox(tmp_path, clock=WaitingClock(meanwhile))
    allocate(box, "r1n1")
    report, _ = do(box, asked("r1n1", wait_s=5.0))
    assert (report.exit, box.clock.monotonic_s()) == (ExitCode.DEADLINE, 5.0)
    report, sink = do(box, asked("r1n1", wait_s=600.0))
    assert (report.exit, sink.items[0]["target"], box.clock.monotonic_s()) == (ExitCode.OK, "drained", 10.0)


def test_nothing_selected_is_nothing_done(tools: FakeToolbox) -> None:
    nobody = Chosen(selector="@state:drained", allow_empty=True)
    what = DrainAsked(fan=Fan(chosen=nobody, consent=Consent(reason="x")))
    assert "nothing is selected" in do(tools, what)[0].notes[0]
