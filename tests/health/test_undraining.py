"""node undrain: on what evidence, against whose word, and what happens when two do it at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aifctl.core.errors import AifctlError, BusyError, RefusedError, UsageError
from aifctl.core.report import Report
from aifctl.custody.audit import read_records
from aifctl.diagnosis.finding import Action
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.acting import act
from aifctl.health.undraining import UndrainAsked, undrain
from aifctl.ports.store import ConflictError
from aifctl.ports.store_writes import By, Move
from tests.fakes.toolbox import TONIGHT, FakeToolbox, racks, toolbox
from tests.health.acting_parts import SWEEP, finding, incident, look, sighted
from tests.ops.run_fakes import ListSink

LATER_S = TONIGHT.timestamp() + 600
PAT = By(who="pat")


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4, policy=Policy(drain_max_share=1.0)))


def do(
    tools: FakeToolbox, selector: str = "r1n1", *, reason: str = "", take_over: bool = False, skip_busy: bool = False
) -> tuple[Report, ListSink]:
    chosen, sink = Chosen(selector=selector, skip_busy=skip_busy), ListSink()
    fan = Fan(chosen=chosen, consent=Consent(reason=reason))
    return undrain(UndrainAsked(fan=fan, take_over=take_over), tools.box, sink), sink


def drained_by_check(tools: FakeToolbox, *nodes: str, action: Action = Action.REBOOT) -> None:
    for node in nodes:
        look(tools.store, node, finding(), at_s=TONIGHT.timestamp() - 60, sweep=f"before-{node}")
    act(sighted(tools, *(incident(node, action=action) for node in nodes)), tools.box, SWEEP)


def drained_by(tools: FakeToolbox, node: str, reason: str) -> None:
    path = (State.READY, State.DRAINING, State.DRAINED)
    for version in (0, 1):
        move = Move(node=node, source=path[version], target=path[version + 1], expected_version=version, reason=reason)
        tools.store.move([move], PAT)


def state(tools: FakeToolbox, node: str = "r1n1") -> str:
    return tools.store.states()[node].state


def test_the_same_check_clean_on_newer_evidence_and_a_newer_boot_takes_a_node_back(tools: FakeToolbox) -> None:
    drained_by_check(tools, "r1n1")
    look(tools.store, "r1n1", at_s=LATER_S, boot_id="boot-2", sweep="after")
    _, sink = do(tools)
    assert [(one["source"], one["target"], one["message"]) for one in sink.items] == [("drained", "ready", None)]
    row = tools.store.states()["r1n1"]
    assert (row.state, row.owner, row.why) == ("ready", "", "the same check is clean on newer evidence")
    assert tools.store.drains() == []
    assert [record["verb"] for record in read_records(tools.state)] == ["drain", "undrain"]


@pytest.mark.parametrize(
    ("found", "judged", "boot_id", "at_s", "why"),
    [
        ((), ("xid",), "boot-2", LATER_S - 1200, "nothing newer than the drain is known"),
        ((finding(),), ("xid",), "boot-2", LATER_S, "xid still finds something"),
        ((), ("other",), "boot-2", LATER_S, "xid could not be judged"),
        ((), ("xid",), "boot-1", LATER_S, "it has not booted since, and xid asked for a reboot"),
    ],
)
def test_without_that_evidence_it_stays_out_and_it_is_said_why(
    tools: FakeToolbox, found: tuple[object, ...], judged: tuple[str, ...], boot_id: str, at_s: float, why: str
) -> None:
    drained_by_check(tools, "r1n1")
    look(tools.store, "r1n1", *found, judged=judged, boot_id=boot_id, at_s=at_s, sweep="after")  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=f"{why}.*--reason TEXT overrules that"):
        do(tools)
    assert state(tools) == "drained"


def test_a_persons_reason_overrules_the_evidence_is_audited_and_holds_against_the_next_sweep(
    tools: FakeToolbox,
) -> None:
    drained_by_check(tools, "r1n1")
    _, sink = do(tools, reason="cable reseated")
    assert sink.items[0]["message"].startswith("overruled: nothing newer than the drain")
    row = tools.store.states()["r1n1"]
    assert (row.state, row.owner) == ("ready", "person")
    assert row.reason.endswith("cable reseated")
    assert "cable reseated; overrules: 1 nothing newer" in read_records(tools.state)[-1]["why"]
    assert act(sighted(tools, incident("r1n1")), tools.box, SWEEP).drained == ()


def test_what_somebody_else_has_drained_is_theirs_unless_it_is_taken_over(tools: FakeToolbox) -> None:
    drained_by(tools, "r1n1", "maintenance by slurm")
    look(tools.store, "r1n1", at_s=LATER_S)
    for reason in ("", "I know better"):
        with pytest.raises(RefusedError, match=r"drained by somebody else .*--take-over makes it ours"):
            do(tools, reason=reason)
    with pytest.raises(UsageError, match="--take-over needs --reason"):
        do(tools, take_over=True)
    do(tools, take_over=True, reason="maintenance is over")
    assert state(tools) == "ready"


def test_a_persons_drain_is_lifted_when_nothing_is_found_since(tools: FakeToolbox) -> None:
    drained_by(tools, "r1n1", "aifctl:person:pat noise")
    look(tools.store, "r1n1", finding("other"), at_s=LATER_S)
    with pytest.raises(RefusedError, match="other finds something"):
        do(tools)
    look(tools.store, "r1n1", at_s=LATER_S + 60, sweep="after")
    do(tools)
    assert state(tools) == "ready"


def test_one_refused_node_stops_all_unless_it_may_be_skipped(tools: FakeToolbox) -> None:
    drained_by_check(tools, "r1n1", "r2n1")
    look(tools.store, "r1n1", at_s=LATER_S, boot_id="boot-2", sweep="after")
    with pytest.raises(RefusedError, match=r"undrain refuses 1 node \(r2n1\) because nothing newer "):
        do(tools, "r1n1,r2n1")
    assert state(tools) == "drained"
    report, _ = do(tools, "r1n1,r2n1", skip_busy=True)
    assert (state(tools), state(tools, "r2n1")) == ("ready", "drained")
    assert "(r2n1)" in report.notes[0]
    with pytest.raises(RefusedError):
        do(tools, "r2n1", skip_busy=True)


def test_what_is_draining_or_leased_is_busy_and_what_is_in_repair_is_refused(tools: FakeToolbox) -> None:
    tools.store.move([Move(node="r1n1", source=State.READY, target=State.DRAINING, expected_version=0)], PAT)
    with pytest.raises(BusyError, match="draining still"):
        do(tools)
    drained_by(tools, "r1n2", "aifctl:person:pat noise")
    tools.store.acquire(["node:r1n2"], owner="run x", purpose="reboot", for_s=1e9)
    with pytest.raises(BusyError, match="leased by run x"):
        do(tools, "r1n2", reason="now")
    drained_by(tools, "r1n3", "aifctl:person:pat noise")
    tools.store.move([Move(node="r1n3", source=State.DRAINED, target=State.REPAIR, expected_version=2)], PAT)
    with pytest.raises(RefusedError, match="repair, which no undrain ends"):
        do(tools, "r1n3", reason="now")


def test_what_is_in_service_already_stays_there(tools: FakeToolbox) -> None:
    report, sink = do(tools, "r1n[1-2]")
    assert {one["message"] for one in sink.items} == {"in service already"}
    assert report.summary["undrained_count"] == 0
    assert tools.store.transitions() == []


def test_a_suspect_node_is_cleared_by_a_persons_word(tools: FakeToolbox) -> None:
    move = Move(
        node="r1n1", source=State.READY, target=State.SUSPECT, expected_version=0, reason="aifctl:check:xid it was so"
    )
    tools.store.move([move], PAT)
    do(tools, reason="looked at it")
    assert state(tools) == "ready"


def test_of_two_undrains_at_once_one_does_it_and_the_other_is_told(tools: FakeToolbox, tmp_path: Path) -> None:
    drained_by_check(tools, "r1n1")
    look(tools.store, "r1n1", at_s=LATER_S, boot_id="boot-2", sweep="after")
    both = threading.Barrier(2)
    ended: list[AifctlError | None] = []

    class Together(ListSink):
        def open(self, head: object) -> None:
            super().open(head)  # type: ignore[arg-type]
            both.wait(10)  # both have looked, neither has moved

    def go() -> None:
        mine = toolbox(tmp_path, racks(4))
        asked = UndrainAsked(fan=Fan(chosen=Chosen(selector="r1n1")))
        try:
            with mine.store:
                undrain(asked, mine.box, Together())
            ended.append(None)
        except AifctlError as problem:
            ended.append(problem)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (lost,) = [one for one in ended if one is not None]
    assert isinstance(lost, ConflictError)
    assert [one.target for one in tools.store.transitions() if one.source == "drained"] == ["ready"]
