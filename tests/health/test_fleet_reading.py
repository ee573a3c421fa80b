"""From what sweeps leave in a store to how the fleet stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aifctl.diagnosis.check import NO_PROFILE
from aifctl.diagnosis.fleet_health import ChangeKind, Condition, FleetHealth
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.lifecycle import State
from aifctl.health.status import StatusAsked, look
from aifctl.ports.store_writes import FindingChange, Move, Notification
from tests.fakes.toolbox import TONIGHT, FakeToolbox, racks, toolbox
from tests.health.swept import PAT, Found, sighting, sweep

NOW_S = TONIGHT.timestamp()
HOUR_S = 3600.0
ALL = [f"r{rack}n{number}" for rack in range(1, 5) for number in range(1, 9)]


def fleet(tools: FakeToolbox, selector: str = "@all") -> FleetHealth:
    health = look(StatusAsked(chosen=Chosen(selector=selector)), tools)
    assert sum(health.counts.values()) == len(health.nodes), "each node in one count"
    return health


def counts(tools: FakeToolbox, selector: str = "@all") -> dict[str, int]:
    return {one.value: count for one, count in fleet(tools, selector).counts.items() if count}


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4, states={"r4n7": State.REPAIR}, off=["r4n8"]))


def names(*but: str) -> Sequence[str]:
    return [name for name in ALL if name not in {"r4n7", "r4n8", *but}]


def test_without_a_store_nobody_has_been_seen(tools: FakeToolbox) -> None:
    assert counts(tools) == {"unseen": 30, "out": 2}
    assert fleet(tools).sweep is None
    assert not tools.state.path.exists(), "who looks makes nothing"


def test_a_node_counts_as_what_the_last_sweep_found(tools: FakeToolbox) -> None:
    found = {"r1n1": Found(), "r1n2": Found(result="watch", check="port-errors"), "r1n3": Found(result="unknown")}
    sweep(tools.store, "s1", names("r3n3"), at_s=NOW_S - 60, found=found, gone=["r2n1", "r2n2"])
    health = fleet(tools)
    assert counts(tools) == {"ok": 24, "watch": 1, "fault": 1, "unknown": 1, "unreachable": 2, "unseen": 1, "out": 2}
    assert {node.node: node.worst_check for node in health.nodes if node.condition is Condition.FAULT} == {
        "r1n1": "gpu-lost"
    }
    (told,) = health.findings["r1n1"]
    assert (told.observed, told.expected, told.source, told.first_at_s) == (7, 8, "h100-sxm5", NOW_S - 60)


def test_whoever_the_last_sweep_did_not_get_to_is_stale_and_never_ok(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900, found={"r1n1": Found()})
    sweep(tools.store, "s2", names("r1n1", "r1n2", "r1n3"), at_s=NOW_S - 60)
    assert counts(tools) == {"ok": 27, "fault": 1, "stale": 2, "out": 2}


def test_evidence_of_hours_ago_is_stale_also_where_no_sweep_came_after(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 3 * HOUR_S)
    assert counts(tools) == {"stale": 30, "out": 2}


def test_a_sweep_of_a_part_makes_nobody_else_stale(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900)
    sweep(tools.store, "s2", names()[:8], at_s=NOW_S - 60, selector="@rack:r1")
    assert counts(tools) == {"ok": 30, "out": 2}
    sweep(tools.store, "s3", names()[:5], at_s=NOW_S - 30, selector="@rack:r1")
    assert counts(tools) == {"ok": 27, "stale": 3, "out": 2}
    assert counts(tools, "@rack:r2") == {"ok": 8}


def test_a_sweep_that_goes_on_makes_nobody_stale_and_is_told(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900)
    sweep(tools.store, "s2", names()[:5], at_s=NOW_S - 10, ends=False)
    health = fleet(tools)
    assert counts(tools) == {"ok": 30, "out": 2}
    assert health.sweep is not None
    assert health.sweep.id == "s1"
    assert health.going_on_since_s > 0


def test_the_first_sweep_of_all_is_told_while_it_goes_on(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names()[:5], at_s=NOW_S - 10, ends=False)
    health = fleet(tools)
    assert (health.sweep, health.going_on_since_s) == (None, tools.store.sweeps()[0].started_at_s)


def test_the_last_sweep_of_some_nodes_is_one_that_was_to_ask_all_of_them(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900)
    sweep(tools.store, "s2", names()[:8], at_s=NOW_S - 60, selector="@rack:r1")
    told = {selector: fleet(tools, selector).sweep for selector in ("@all", "@rack:r1", "@rack:r2", "r1n1,r2n1")}
    assert {selector: one.id for selector, one in told.items() if one} == {
        "@all": "s1",
        "@rack:r1": "s2",
        "@rack:r2": "s1",
        "r1n1,r2n1": "s1",
    }


def test_states_are_those_of_now_and_a_drained_node_is_seen_to(tools: FakeToolbox) -> None:
    sweep(tools.store, "s1", names(), at_s=NOW_S - 60, found={"r1n1": Found(), "r1n2": Found()})
    move = Move(node="r1n1", source=State.READY, target=State.DRAINING, expected_version=0, reason="aifctl:check:x")
    tools.store.move([move], PAT)
    health = fleet(tools)
    assert dict(health.states) == {"ready": 29, "draining": 1, "repair": 1, "off": 1}
    assert (health.counts[Condition.FAULT], health.open_counts[Condition.FAULT]) == (2, 1)


def test_incidents_stand_worst_first_and_those_that_somebody_sees_to_last(tools: FakeToolbox) -> None:
    found = {"r1n1": Found(), "r2n1": Found(), "r2n2": Found(), "r3n1": Found(result="degraded")}
    sweep(tools.store, "s1", names(), at_s=NOW_S - 60, found=found)
    mine, _, _, _ = tools.store.sight(
        [
            sighting("gpu-lost", "node", "r1n1", ["r1n1"]),
            sighting("port-state", "node", "r3n1", ["r3n1"], result="degraded"),
            sighting("gpu-lost", "rack", "r2", ["r2n1", "r2n2"]),
            sighting("gpu-lost", "node", "r9n9", ["r9n9"]),
        ],
        PAT,
    )
    tools.store.acknowledge(mine.id, PAT)
    health = fleet(tools)
    assert [(one.scope, one.scope_value, one.handled) for one in health.incidents] == [
        ("rack", "r2", False),
        ("node", "r3n1", False),
        ("node", "r1n1", True),
    ]
    assert {node.node for node in health.nodes if node.handled} == {"r1n1"}
    assert [one.scope_value for one in fleet(tools, "@rack:r1").incidents] == ["r1n1"]


def test_a_silence_holds_until_it_is_over(tools: FakeToolbox) -> None:
    (row,) = tools.store.sight([sighting("gpu-lost", "node", "r1n1", ["r1n1"])], PAT)
    tools.store.silence(row.id, PAT, until_s=NOW_S + 60)
    assert fleet(tools).incidents[0].silenced
    tools.store.silence(row.id, PAT, until_s=NOW_S - 60)
    assert not fleet(tools).incidents[0].silenced


def test_what_the_last_sweep_found_out_is_new_changed_or_cleared_and_told_once_for_all_its_nodes(
    tools: FakeToolbox,
) -> None:
    old = {"r1n1": Found(), "r1n2": Found(result="watch", check="port-errors"), "r1n3": Found()}
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900, found=old)
    now = {
        "r1n1": Found(kind=FindingChange.CLEARED),
        "r1n2": Found(kind=FindingChange.CHANGED, result="fault", check="port-errors", message="much worse"),
        "r2n1": Found(check="ecc-sram"),
        "r2n2": Found(check="ecc-sram"),
    }
    sweep(tools.store, "s2", names(), at_s=tools.clock.now().timestamp() + 1, found=now)
    told = [(one.kind, one.check, one.result, one.nodes) for one in fleet(tools).changes]
    assert told == [
        (ChangeKind.NEW, "ecc-sram", "fault", ("r2n1", "r2n2")),
        (ChangeKind.CHANGED, "port-errors", "fault", ("r1n2",)),
        (ChangeKind.CLEARED, "gpu-lost", "fault", ("r1n1",)),
    ]
    assert fleet(tools).changes[1].message == "much worse"
    assert [one.nodes for one in fleet(tools, "r2n1").changes] == [("r2n1",)]


def test_what_cant_be_told_for_want_of_a_profile_is_one_change_whatever_the_check(tools: FakeToolbox) -> None:
    def untold(check: str) -> Found:
        return Found(result="unknown", check=check, message=f"can't tell: {check} ({NO_PROFILE})")

    found = {"r1n1": untold("gpu-count"), "r1n2": untold("port-rate"), "r1n3": Found()}
    sweep(tools.store, "s1", names(), at_s=NOW_S - 900, found=found)
    told = {(one.check, one.nodes): one.message for one in fleet(tools).changes}
    assert set(told) == {("gpu-lost", ("r1n3",)), ("profile", ("r1n1", "r1n2"))}
    assert NO_PROFILE in told["profile", ("r1n1", "r1n2")]


def test_what_is_only_queued_is_not_done_with_the_receivers_own_words(tools: FakeToolbox) -> None:
    (row,) = tools.store.sight([sighting("gpu-lost", "node", "r1n1", ["r1n1"])], PAT)
    due = Notification(incident=row.id, channel="slack", payload="{}", due_at_s=NOW_S - 600)
    tools.store.enqueue([due])
    (told,) = fleet(tools).not_done
    assert told == "1 notification to slack is not sent, due 10 min ago; `aifctl reconcile` sends them"
    (taken,) = tools.store.take_due(for_s=1.0)
    tools.store.settle(taken.id, error="503", again_at_s=NOW_S + 600)
    assert fleet(tools).not_done == ("1 notification to slack is not sent: 503",)
    tools.store.put("reconcile", {"at_s": NOW_S - 30, "left": ["writes"]})
    health = fleet(tools)
    assert health.not_done[0] == "reconcile could not finish: writes"
    assert health.reconciled_at_s == NOW_S - 30
    tools.store.put("reconcile", {"at_s": NOW_S - 30, "left": ["notifications"]})
    assert fleet(tools).not_done == ("1 notification to slack is not sent: 503",), (
        "the outbox says it, and says it once"
    )


def test_a_notification_that_has_only_just_become_due_is_on_its_way(tools: FakeToolbox) -> None:
    (row,) = tools.store.sight([sighting("gpu-lost", "node", "r1n1", ["r1n1"])], PAT)
    tools.store.enqueue([Notification(incident=row.id, channel="slack", payload="{}", due_at_s=NOW_S - 5)])
    assert fleet(tools).not_done == ()


def test_what_is_muted_is_said_for_as_long_as_it_is(tools: FakeToolbox) -> None:
    tools.store.mute("ecc-sram", PAT, selector="", until_s=NOW_S + 3600, reason="known")
    tools.store.mute("gpu-lost", PAT, selector="@rack:r1", until_s=NOW_S - 1, reason="over")
    assert fleet(tools).muted == ("ecc-sram on all nodes until 2026-11-24 04:00 UTC (pat: known)",)


def test_garbage_where_reconcile_writes_is_as_if_it_had_never_run(tools: FakeToolbox) -> None:
    tools.store.put("reconcile", ["?"])
    assert fleet(tools).reconciled_at_s == 0.0
