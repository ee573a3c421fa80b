from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from aifctl.diagnosis.check import NO_PROFILE
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.incidents import Incident, drains, fold
from aifctl.diagnosis.scopes import Ground

RACKS = {f"r{rack:03}": [f"r{rack:03}n{node:02}" for node in range(1, 5)] for rack in range(1, 101)}
NODES = [node for nodes in RACKS.values() for node in nodes]
HALLS = {f"h{hall}": NODES[(hall - 1) * 100 : hall * 100] for hall in range(1, 5)}
FEEDS = {"A1": [node for rack in list(RACKS)[:8] for node in RACKS[rack]], "A2": NODES[32:]}
DEVICES = tuple(f"mlx5_{rail}" for rail in range(8))
LEAVES = {(node, device): f"l{at // 32}-{device}" for at, node in enumerate(NODES) for device in DEVICES}
COHORTS = {"550.127.08": NODES[:380], "570.86.15": NODES[380:]}
GROUND = Ground(
    judged=frozenset(NODES),
    scopes={"rack": RACKS, "hall": HALLS, "feed": FEEDS, "cohort": COHORTS},
    leaf_of=LEAVES,
    gpu_counts=dict.fromkeys(NODES, 8),
)


def finding(node: str, subject: str = "node", check: str = "memory-size", code: str = "short") -> Finding:
    return Finding(
        node=node,
        check=check,
        subject=subject,
        code=code,
        result=Result.FAULT,
        action=Action.DRAIN,
        message="it is bad",
    )


def gpu(node: str, index: int, check: str = "throttle", code: str = "power-brake") -> Finding:
    return replace(finding(node, f"gpu:0000:{index:02x}:00.0", check, code), identity=f"{node}-{index}")


def scopes(incidents: Iterable[Incident]) -> list[tuple[str, str, int]]:
    return [(one.scope, one.scope_value, len(one.nodes)) for one in incidents]


def test_one_gpu_is_the_gpus_own_incident() -> None:
    (incident,) = fold([gpu("r001n01", 3)], GROUND)
    assert scopes([incident]) == [("gpu", "r001n01-3", 1)]
    assert drains(incident)


def test_eight_of_eight_gpus_are_the_chassis() -> None:
    (incident,) = fold([gpu("r001n01", index) for index in range(8)], GROUND)
    assert scopes([incident]) == [("chassis", "r001n01", 1)]
    assert incident.message == "8 of 8 GPUs: it is bad"
    assert len(incident.findings) == 8


def test_seven_of_eight_gpus_are_seven() -> None:
    assert {one.scope for one in fold([gpu("r001n01", index) for index in range(7)], GROUND)} == {"gpu"}


def test_a_rack_that_is_hit_whole_is_the_rack_and_drains_nobody() -> None:
    (incident,) = fold([finding(node) for node in RACKS["r017"]], GROUND)
    assert scopes([incident]) == [("rack", "r017", 4)]
    assert not drains(incident)


def test_two_of_four_nodes_of_a_rack_are_two_nodes() -> None:
    assert scopes(fold([finding(node) for node in RACKS["r017"][:2]], GROUND)) == [
        ("node", "r017n01", 1),
        ("node", "r017n02", 1),
    ]


def test_two_racks_that_are_hit_are_two_incidents() -> None:
    hit = [finding(node) for rack in ("r017", "r061") for node in RACKS[rack]]
    assert sorted(scopes(fold(hit, GROUND))) == [("rack", "r017", 4), ("rack", "r061", 4)]


def test_a_feed_with_all_its_racks_is_the_feed_not_eight_racks() -> None:
    assert scopes(fold([finding(node) for node in FEEDS["A1"]], GROUND)) == [("feed", "A1", 32)]


def test_a_hall_is_the_hall() -> None:
    assert scopes(fold([finding(node) for node in HALLS["h2"]], GROUND)) == [("hall", "h2", 100)]


def test_ports_that_share_a_leaf_are_the_leaf() -> None:
    hit = [finding(node, "port:mlx5_3/1", "port-state", "down") for node in NODES[32:60]]
    assert scopes(fold(hit, GROUND)) == [("leaf", "l1-mlx5_3", 28)]


def test_ports_of_one_rack_on_different_rails_are_no_leaf() -> None:
    hit = [finding(node, f"port:mlx5_{at}/1", "port-state", "down") for at, node in enumerate(NODES[32:40])]
    assert "leaf" not in {one.scope for one in fold(hit, GROUND)}


def test_a_driver_that_only_some_nodes_run_is_the_cohort() -> None:
    assert scopes(fold([finding(node) for node in COHORTS["570.86.15"]], GROUND)) == [("cohort", "570.86.15", 20)]


def test_a_check_that_the_whole_fleet_fails_is_suspect_and_nobody_is_drained() -> None:
    (incident,) = fold([finding(node) for node in NODES], GROUND)
    assert incident.suspect
    assert incident.result is Result.FAULT
    assert incident.action is Action.NONE
    assert not drains(incident)
    assert "400 of 400 nodes (100%) fail it at once" in incident.message


def test_a_check_that_fails_all_over_the_fleet_is_suspect_above_its_share() -> None:
    scattered = NODES[::11]
    (incident,) = fold([finding(node) for node in scattered], GROUND)
    assert incident.suspect
    assert len(incident.nodes) == len(scattered)


def test_below_that_share_each_node_stands_for_itself() -> None:
    incidents = fold([finding(node) for node in NODES[::30]], GROUND)
    assert {one.scope for one in incidents} == {"node"}
    assert all(drains(one) for one in incidents)


def test_a_hit_rack_is_told_apart_from_what_is_hit_elsewhere() -> None:
    hit = [finding(node) for node in (*RACKS["r017"], "r050n02", "r090n04")]
    assert sorted(scopes(fold(hit, GROUND))) == [("node", "r050n02", 1), ("node", "r090n04", 1), ("rack", "r017", 4)]


def test_causes_are_folded_each_by_itself() -> None:
    hit = [finding("r001n01"), finding("r001n01", check="swap", code="on")]
    assert sorted(one.check for one in fold(hit, GROUND)) == ["memory-size", "swap"]


def test_what_another_finding_explains_joins_its_incident() -> None:
    lost = gpu("r001n01", 3, "gpu-lost", "lost")
    follow = [finding("r001n01", check="gpu-count", code="missing"), gpu("r001n01", 3, "nvlink-state", "down")]
    explained = {"gpu-count": ("gpu-lost",), "nvlink-state": ("gpu-count",)}
    (incident,) = fold([*follow, lost], GROUND, explained_by=explained)
    assert incident.check == "gpu-lost"
    assert len(incident.findings) == 3


def test_what_another_gpu_has_explains_nothing() -> None:
    hit = [gpu("r001n01", 3, "gpu-lost", "lost"), gpu("r001n01", 4, "nvlink-state", "down")]
    assert len(fold(hit, GROUND, explained_by={"nvlink-state": ("gpu-lost",)})) == 2


def test_checks_that_explain_each_other_go_round_once() -> None:
    hit = [finding("r001n01", check="a"), finding("r001n01", check="b")]
    incidents = fold(hit, GROUND, explained_by={"a": ("b",), "b": ("a",)})
    assert sum(len(one.findings) for one in incidents) == 2


@pytest.mark.parametrize("result", [Result.OK, Result.WATCH])
def test_a_watch_is_no_incident(result: Result) -> None:
    assert fold([replace(finding("r001n01"), result=result)], GROUND) == ()


def test_a_degraded_node_is_an_incident_that_drains_nobody() -> None:
    (incident,) = fold([replace(finding("r001n01"), result=Result.DEGRADED)], GROUND)
    assert not drains(incident)


def test_nodes_that_nobody_could_judge_are_not_counted_as_healthy_neighbours() -> None:
    ground = replace(GROUND, judged=frozenset(NODES) - frozenset(RACKS["r017"][3:]))
    assert scopes(fold([finding(node) for node in RACKS["r017"][:3]], ground)) == [("rack", "r017", 3)]


def test_the_worst_and_widest_come_first() -> None:
    hit = [
        replace(finding("r050n01", check="swap"), result=Result.DEGRADED),
        *(finding(node) for node in RACKS["r017"]),
    ]
    assert [one.scope for one in fold(hit, GROUND)] == ["rack", "node"]


def test_when_many_nodes_do_not_answer_it_is_our_own_way_to_them_that_is_suspect() -> None:
    missed = [
        replace(finding(node, check="reachability", code="timeout"), result=Result.UNREACHABLE) for node in NODES[::7]
    ]
    (incident,) = fold(missed, GROUND)
    assert incident.suspect
    assert "look at this control host and its network before the nodes" in incident.message


def test_what_a_finding_explains_makes_the_incident_no_milder() -> None:
    mild = replace(
        finding("r001n01", "gpu:1", "row-remap-pending", "pending"), result=Result.DEGRADED, action=Action.RESET
    )
    worse = replace(finding("r001n01", "gpu:1", "recovery-action", "node-reboot"), action=Action.REBOOT)
    (incident,) = fold([mild, worse], GROUND, explained_by={"recovery-action": ("row-remap-pending",)})
    assert (incident.check, incident.result, incident.action) == ("row-remap-pending", Result.FAULT, Action.REBOOT)


def test_nodes_that_no_profile_fits_are_one_incident_whatever_could_not_be_told_of_them() -> None:
    unknown = [
        replace(
            finding(node, check=check, code="unknown"), result=Result.UNKNOWN, action=Action.NONE, observed=NO_PROFILE
        )
        for node in NODES
        for check in ("gpu-count", "power-limit", "port-rate")
    ]
    (incident,) = fold(unknown, GROUND)
    assert (incident.check, incident.code, incident.result) == ("profile", "none", Result.UNKNOWN)
    assert len(incident.nodes) == len(NODES)
    assert "look at the inventory and the profiles before the nodes" in incident.message
    assert incident.message.endswith("name its sku: in the inventory, or give the sweep --profile NAME")
    one = fold(unknown[:3], GROUND)
    assert [(each.check, each.scope, each.nodes) for each in one] == [("profile", "node", (NODES[0],))]
