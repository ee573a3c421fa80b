"""Acting on a sweep's verdict: drains within budgets, suspicion, and two sweeps at once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.custody.audit import read_records, verify
from aifctl.diagnosis.finding import Action, Result
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.acting import ACTING, act
from aifctl.ports.store_writes import By, Move
from tests.fakes.toolbox import TONIGHT, FakeToolbox, racks, toolbox
from tests.health.acting_parts import SWEEP, finding, incident, look, sighted

NOW_S = TONIGHT.timestamp()
PAT = By(who="pat")


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4, nodes_count=8, policy=Policy(drain_max_nodes=5, drain_max_share=1.0)))


def states(tools: FakeToolbox) -> dict[str, str]:
    return {name: row.state for name, row in tools.store.states().items()}


def put(tools: FakeToolbox, node: str, *path: State, owner: str = "", reason: str = "") -> None:
    """Move a node along a path of states that begins where it stands."""
    row = tools.store.states().get(node)
    version = row.version if row else 0
    for source, target in itertools.pairwise(path):
        move = Move(
            node=node, source=source, target=target, expected_version=version, owner=owner, reason=reason, why="a test"
        )
        tools.store.move([move], PAT)
        version += 1


def test_a_fault_of_a_nodes_own_drains_it_and_where_nothing_runs_it_is_drained_at_once(tools: FakeToolbox) -> None:
    acted = act(sighted(tools, incident("r1n1"), boot_id="boot-7"), tools.box, SWEEP)

    assert acted.drained == (("r1n1", "aifctl:check:xid fell off the bus"),)
    (row,) = tools.store.states().values()
    assert (row.state, row.owner, row.actor, row.run) == ("drained", "check", "root", "sweep-1")
    (drain,) = tools.store.drains()
    assert (drain.reason, drain.action, drain.boot_id, drain.incident) == (
        "aifctl:check:xid fell off the bus",
        "reboot",
        "boot-7",
        1,
    )
    assert [(one.source, one.target) for one in tools.store.transitions()] == [
        ("draining", "drained"),
        ("ready", "draining"),
    ]


def test_each_drain_stands_in_the_audit_chain_with_who_why_and_the_sweep(tools: FakeToolbox) -> None:
    act(sighted(tools, incident("r1n1")), tools.box, SWEEP)
    (record,) = read_records(tools.state)
    assert (record["verb"], record["what"], record["who"], record["run"]) == ("drain", "r1n1", "root", "sweep-1")
    assert record["why"] == "aifctl:check:xid fell off the bus"
    assert verify(tools.state) == []


def test_a_node_with_a_job_is_draining_until_somebody_says_that_it_has_ended(tools: FakeToolbox) -> None:
    put(tools, "r1n1", State.READY, State.ALLOCATED)
    act(sighted(tools, incident("r1n1")), tools.box, SWEEP)
    assert states(tools) == {"r1n1": "draining"}


@pytest.mark.parametrize(
    "changed",
    [
        {"suspect": True, "scope": "check"},
        {"scope": "rack"},
        {"scope": "leaf"},
        {"scope": "cohort"},
        {"result": Result.DEGRADED},
        {"result": Result.UNKNOWN},
        {"result": Result.UNREACHABLE},
        {"action": Action.APP},
        {"action": Action.FIX},
    ],
)
def test_what_is_suspect_or_shared_or_mild_or_was_not_seen_drains_nobody(
    tools: FakeToolbox, changed: dict[str, object]
) -> None:
    acted = act(sighted(tools, replace(incident("r1n1"), **changed)), tools.box, SWEEP)  # type: ignore[arg-type]
    assert (acted.drained, states(tools), acted.notes) == ((), {}, ())


def test_the_budget_counts_what_is_out_already_whoever_has_drained_it_and_takes_the_worst_first(
    tools: FakeToolbox,
) -> None:
    put(tools, "r2n1", State.READY, State.DRAINING, State.DRAINED, reason="maintenance", owner="slurm")
    put(tools, "r2n2", State.READY, State.DRAINING, State.DRAINED, State.REPAIR)
    put(tools, "r2n3", State.READY, State.DRAINING, reason="aifctl:person:pat noise", owner="person")
    wanted = [
        incident("r1n1", action=Action.RESET),
        incident("r3n1", action=Action.RMA),
        incident("r4n1", action=Action.CABLE),
    ]
    acted = act(sighted(tools, *wanted), tools.box, SWEEP)

    assert [node for node, _ in acted.drained] == ["r3n1", "r4n1"]
    assert acted.withheld == (("r1n1", "5 of 5 nodes that may be out of service are"),)
    assert "NOT drained: 1 node (r1n1): 5 of 5 nodes that may be out of service are" in acted.notes


def test_no_rack_loses_more_than_its_cap(tools: FakeToolbox) -> None:
    acted = act(sighted(tools, *(incident(f"r1n{number}") for number in (1, 2, 3))), tools.box, SWEEP)
    assert [node for node, _ in acted.drained] == ["r1n1", "r1n2"]
    assert acted.withheld == (("r1n3", "2 of 2 nodes of rack r1 that may be out of service are"),)


def test_only_what_this_very_sweep_has_seen_drains_a_node(tools: FakeToolbox) -> None:
    """What stands of nodes that it has not looked at, or could not see this time, is old news."""
    for node in ("r1n1", "r2n1"):
        look(tools.store, node, finding(), at_s=NOW_S, sweep="before")
    look(tools.store, "r2n1", finding(), at_s=NOW_S + 60, answered=False, sweep=SWEEP.run)
    acted = act(sighted(tools, incident("r1n1"), incident("r2n1"), looked=False), tools.box, SWEEP)
    assert (acted.drained, states(tools)) == ((), {})
    assert acted.withheld == (("r2n1", "what was found stands from an earlier look: this one could not see it"),)


def test_a_node_with_two_faults_is_drained_once_for_the_worse(tools: FakeToolbox) -> None:
    both = [incident("r1n1", action=Action.RESET), incident("r1n1", "remap", Action.RMA)]
    acted = act(sighted(tools, *both), tools.box, SWEEP)
    assert acted.drained == (("r1n1", "aifctl:check:remap fell off the bus"),)
    assert tools.store.drains()[0].action == "rma"


def test_a_foreign_drain_is_left_alone(tools: FakeToolbox) -> None:
    put(tools, "r1n1", State.READY, State.DRAINING, reason="maintenance", owner="slurm")
    acted = act(sighted(tools, incident("r1n1")), tools.box, SWEEP)
    assert (acted.drained, acted.withheld) == ((), ())
    assert tools.store.states()["r1n1"].reason == "maintenance"


def test_what_the_policy_protects_what_is_frozen_and_what_is_off_is_not_drained(tmp_path: Path) -> None:
    policy = Policy(drain_max_share=1.0, protected="r1n1")
    tools = toolbox(tmp_path, racks(4, policy=policy, off=["r3n1"]))
    tools.store.freeze("@rack:r2", ["r2n1"], PAT, reason="demo day")
    acted = act(sighted(tools, *(incident(f"r{rack}n1") for rack in (1, 2, 3))), tools.box, SWEEP)
    assert acted.drained == ()
    assert acted.withheld == (
        ("r1n1", "the policy of fleet.yaml protects it"),
        ("r2n1", "frozen by pat: demo day"),
        ("r3n1", "it is off"),
    )


def test_a_stale_inventory_drains_nobody(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(stale_after_s=60.0)), inventory_age_s=3600.0)
    acted = act(sighted(tools, incident("r1n1")), tools.box, SWEEP)
    assert acted.drained == ()
    assert "is 1.0 h old" in acted.withheld[0][1]


def test_what_a_person_has_put_back_is_not_drained_again_for_the_same_incident(tools: FakeToolbox) -> None:
    these = sighted(tools, incident("r1n1"))
    act(these, tools.box, SWEEP)
    put(tools, "r1n1", State.DRAINED, State.READY, owner="person", reason="aifctl:person:pat false alarm")
    acted = act(these, tools.box, SWEEP)
    assert acted.drained == ()
    assert "a person has put it back since" in acted.withheld[0][1]
    tools.store.sight([], SWEEP, gone=[1])
    assert act(sighted(tools, incident("r1n1")), tools.box, SWEEP).drained != ()


def test_a_node_that_could_not_be_reached_three_times_in_a_row_is_suspect_and_not_drained(tools: FakeToolbox) -> None:
    blind = incident("r1n1", "reachability", Action.NONE, result=Result.UNREACHABLE, message="timeout")
    missing = finding("reachability", Result.UNREACHABLE)
    for count, expected in ((2, {}), (3, {"r1n1": "suspect"})):
        look(tools.store, "r1n1", missing, at_s=NOW_S + count, answered=False, looks_count=count, sweep=f"s{count}")
        act(sighted(tools, blind, looked=False), tools.box, replace(SWEEP, run="another"))
        assert states(tools) == {}, "it was not this sweep that looked"
        act(sighted(tools, blind, looked=False), tools.box, replace(SWEEP, run=f"s{count}"))
        assert states(tools) == expected
    row = tools.store.states()["r1n1"]
    assert (row.reason, row.owner) == ("aifctl:check:reachability timeout", "check")


def test_a_node_of_which_a_check_could_not_tell_three_times_is_suspect(tools: FakeToolbox) -> None:
    unknown = incident("r1n1", "section-read", Action.NONE, result=Result.UNKNOWN, message="no answer")
    cannot = finding("section-read", Result.UNKNOWN)
    for count in (1, 2, 3):
        assert states(tools) == {}
        look(tools.store, "r1n1", *([cannot] if count == 1 else []), at_s=NOW_S + count, sweep=f"s{count}")
        act(sighted(tools, unknown, looked=False), tools.box, replace(SWEEP, run=f"s{count}"))
    assert states(tools) == {"r1n1": "suspect"}


def test_a_check_that_fails_by_itself_or_a_whole_rack_that_is_silent_makes_nobody_suspect(tools: FakeToolbox) -> None:
    missing = finding("reachability", Result.UNREACHABLE)
    look(tools.store, "r1n1", missing, at_s=NOW_S, answered=False, looks_count=9, sweep=SWEEP.run)
    blind = incident("r1n1", "reachability", Action.NONE, result=Result.UNREACHABLE)
    others = (
        replace(blind, scope="rack", scope_value="r1"),
        replace(blind, code="check-failed"),
        replace(blind, check="profile"),
    )
    act(sighted(tools, *others, looked=False), tools.box, SWEEP)
    assert states(tools) == {}


def test_a_suspect_node_is_ready_again_when_the_check_is_clean_on_newer_evidence(tools: FakeToolbox) -> None:
    put(tools, "r1n1", State.READY, State.SUSPECT, owner="check", reason="aifctl:check:xid it was so")
    put(tools, "r1n2", State.READY, State.SUSPECT, owner="person", reason="aifctl:person:pat smells")
    put(tools, "r1n3", State.READY, State.SUSPECT, owner="check", reason="aifctl:check:xid it was so")
    put(tools, "r1n4", State.READY, State.SUSPECT, owner="check", reason="aifctl:check:xid it was so")
    for node in ("r1n1", "r1n2"):
        look(tools.store, node, at_s=NOW_S + 60, sweep=f"s-{node}")
    look(tools.store, "r1n3", finding(), at_s=NOW_S + 60, sweep="s3")
    look(tools.store, "r1n4", at_s=NOW_S - 60, sweep="s4")
    acted = act([], tools.box, SWEEP)
    assert acted.cleared == ("r1n1",)
    assert states(tools) == {"r1n1": "ready", "r1n2": "suspect", "r1n3": "suspect", "r1n4": "suspect"}


def test_a_node_that_somebody_else_moves_meanwhile_is_said_and_the_others_are_drained(
    tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    these = sighted(tools, incident("r1n1"), incident("r2n1"))
    freezes = tools.store.freezes

    def meanwhile() -> list[object]:
        put(tools, "r1n1", State.READY, State.ALLOCATED)
        return freezes()  # type: ignore[return-value]

    monkeypatch.setattr(tools.store, "freezes", meanwhile)
    acted = act(these, tools.box, SWEEP)
    assert acted.drained == (("r2n1", "aifctl:check:xid fell off the bus"),)
    assert acted.overtaken == (("r1n1", "the state of r1n1 has changed meanwhile; look again, nothing was done"),)
    assert states(tools) == {"r1n1": "allocated", "r2n1": "drained"}


def test_while_another_sweep_acts_this_one_waits_and_then_counts_what_that_has_drained(tools: FakeToolbox) -> None:
    tools.store.acquire([ACTING], owner="the other", purpose="draining by policy", for_s=1e9)
    waits: list[float] = []

    def pause(wait_s: float) -> None:
        waits.append(wait_s)
        for number in range(1, 6):
            put(tools, f"r2n{number}", State.READY, State.DRAINING)
        tools.store.release([ACTING], owner="the other")

    acted = act(sighted(tools, incident("r1n1")), tools.box, SWEEP, pause=pause)
    assert len(waits) == 1
    assert acted.withheld == (("r1n1", "5 of 5 nodes that may be out of service are"),)
    assert tools.store.leases() == []


def test_a_sweep_that_waits_in_vain_says_so_and_drains_nobody(tools: FakeToolbox) -> None:
    tools.store.acquire([ACTING], owner="the other", purpose="draining by policy", for_s=1e9)
    acted = act(sighted(tools, incident("r1n1")), tools.box, SWEEP, pause=lambda _: None)
    assert acted.left.startswith("nothing was drained, another sweep acts right now")
    assert (states(tools), acted.notes) == ({}, (acted.left,))


def test_reasons_are_one_short_printable_line_whatever_a_node_has_said(tools: FakeToolbox) -> None:
    acted = act(sighted(tools, incident("r1n1", message="a\nb\x1b[2J " + "c" * 900)), tools.box, SWEEP)
    (reason,) = (reason for _, reason in acted.drained)
    assert reason.isprintable()
    assert len(reason) < 250
