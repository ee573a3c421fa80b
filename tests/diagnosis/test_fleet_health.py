"""What a node counts as: exactly one thing, and never ok on evidence that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from aifctl.core.metrics import render_metrics
from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.fleet_groups import NOTHING, By, grouped, usual_grouping
from aifctl.diagnosis.fleet_health import (
    CONDITION_RANK,
    IN_ONE_NODE,
    NOT_LOOKED_AT,
    Condition,
    FleetHealth,
    Place,
    condition_of,
)
from aifctl.diagnosis.fleet_metrics import fleet_metrics
from aifctl.diagnosis.incidents import LOCAL
from aifctl.fleet.lifecycle import State
from tests.core.test_metrics import checked
from tests.diagnosis.fleet_healths import NOW_S, empty_fleet, healthy_fleet, incident, node, sick_fleet

HOUR_S = 3600.0


def condition(
    result: str = "ok", *, age_s: float = 60.0, is_of_last: bool = True, state: str = "ready", off: bool = False
) -> Condition:
    return condition_of(result, state=state, off=off, age_s=age_s, is_of_last=is_of_last, stale_after_s=HOUR_S)


@given(
    result=st.sampled_from(["", *Result, "of-a-newer-version"]),
    age_s=st.floats(0, 10 * HOUR_S),
    is_of_last=st.booleans(),
    state=st.sampled_from(list(State)),
    off=st.booleans(),
)
def test_only_what_a_recent_look_of_the_last_sweep_found_ok_is_ok(
    result: str, age_s: float, is_of_last: bool, state: State, off: bool
) -> None:
    found = condition(result, age_s=age_s, is_of_last=is_of_last, state=state, off=off)
    is_fresh = is_of_last and age_s <= HOUR_S
    assert found is not Condition.OK or (result == "ok" and is_fresh)
    assert found is not Condition.WATCH or (result == "watch" and is_fresh)
    if off or state in {State.REPAIR, State.RETIRED}:
        assert found is Condition.OUT


def test_what_a_node_counts_as() -> None:
    assert condition() is Condition.OK
    assert condition(age_s=3 * HOUR_S) is condition("watch", age_s=3 * HOUR_S) is Condition.STALE
    assert condition(is_of_last=False) is condition("watch", is_of_last=False) is Condition.STALE
    assert condition("fault", age_s=5 * HOUR_S) is Condition.FAULT
    assert condition("degraded", is_of_last=False) is Condition.DEGRADED
    assert condition("unreachable") is Condition.UNREACHABLE
    assert condition("unknown") is condition("brand-new") is Condition.UNKNOWN
    assert condition("") is Condition.UNSEEN
    assert condition(state="drained") is Condition.OK
    assert condition("fault", state="repair") is condition("fault", off=True) is Condition.OUT


def test_the_scopes_in_one_node_are_those_that_incidents_have() -> None:
    assert frozenset(LOCAL) == IN_ONE_NODE


def test_every_condition_has_a_rank_and_nothing_unseen_ranks_as_well_as_ok() -> None:
    assert set(CONDITION_RANK) == set(Condition)
    assert all(CONDITION_RANK[one] > CONDITION_RANK[Condition.WATCH] for one in NOT_LOOKED_AT)


conditions = st.lists(st.tuples(st.sampled_from(list(Condition)), st.integers(1, 9)), min_size=1, max_size=40)


@given(those=conditions, by=st.sampled_from([by for by in By if by not in {By.FEED, By.CHECK}]))
def test_every_node_is_in_exactly_one_count_of_the_fleet_and_of_its_groups(
    those: list[tuple[Condition, int]], by: By
) -> None:
    nodes = tuple(node(f"r{rack}n{at}", one) for at, (one, rack) in enumerate(those))
    health = FleetHealth(at_s=NOW_S, nodes=nodes)
    groups = grouped(health, by)
    assert sum(health.counts.values()) == len(nodes)
    assert sum(health.states.values()) == len(nodes)
    for one in Condition:
        assert sum(group.counts[one] for group in groups) == health.counts[one]
        assert health.open_counts[one] <= health.counts[one]
    assert sorted(each.node for group in groups for each in group.nodes) == sorted(each.node for each in nodes)


def test_a_group_names_its_worst_node_and_its_oldest_evidence() -> None:
    groups = {group.value: group for group in grouped(sick_fleet(), By.RACK)}
    assert [(one, group.worst.condition) for one, group in groups.items()] == [
        ("r1", Condition.OK),
        ("r2", Condition.FAULT),
        ("r3", Condition.UNREACHABLE),
        ("r4", Condition.WATCH),
    ]
    assert groups["r3"].oldest_at_s == NOW_S - 3 * HOUR_S
    assert (groups["r1"].is_quiet, groups["r4"].is_quiet) == (True, False)


def test_groups_by_result_stand_worst_first_and_others_in_natural_order() -> None:
    fleet = sick_fleet()
    assert [one.value for one in grouped(fleet, By.RESULT)][:3] == ["fault", "degraded", "unreachable"]
    assert [one.value for one in grouped(fleet, By.CHECK)] == ["gpu-lost", "port-errors", "port-state", NOTHING]
    assert [one.value for one in grouped(fleet, By.STATE)] == [
        "drained", "draining", "off", "ready", "repair", "suspect",
    ]  # fmt: skip
    assert [len(one.nodes) for one in grouped(fleet, By.FEED)] == [32, 32]


@pytest.mark.parametrize(
    ("place", "by"),
    [
        (Place(rack="r1", su="su1", hall="h1"), By.SU),
        (Place(rack="r1", hall="h1"), By.RACK),
        (Place(hall="h1"), By.HALL),
        (Place(), By.STATE),
    ],
    ids=["units", "racks", "halls", "nothing"],
)
def test_without_being_told_a_fleet_is_grouped_by_what_its_inventory_knows(place: Place, by: By) -> None:
    assert usual_grouping(FleetHealth(at_s=NOW_S, nodes=(node("r1n1", Condition.OK, place=place),))) is by


def test_without_a_recent_sweep_all_of_it_is_out_of_date() -> None:
    healthy = healthy_fleet()
    assert not healthy.out_of_date
    assert replace(healthy, at_s=NOW_S + 2 * HOUR_S).out_of_date
    assert empty_fleet().out_of_date
    assert empty_fleet().sweep_age_s is None


def test_an_incident_is_handled_when_somebody_took_it_on_or_wants_to_hear_no_more_of_it() -> None:
    told = (incident(1), incident(1, acked_by="pat"), incident(1, silenced=True))
    assert [one.handled for one in told] == [False, True, True]


@pytest.mark.parametrize(
    "fleet",
    [sick_fleet(), healthy_fleet(), empty_fleet(), FleetHealth(at_s=NOW_S, nodes=())],
    ids=["sick", "healthy", "unseen", "none"],
)
def test_promtool_accepts_the_metrics_of_any_fleet(fleet: FleetHealth) -> None:
    text = render_metrics(fleet_metrics(fleet))
    checked(text)
    assert f'aifctl_fleet_nodes{{condition="ok"}} {fleet.counts[Condition.OK]}\n' in text
    assert ("aifctl_sweep_last_timestamp_seconds" in text) is (fleet.sweep is not None)


def test_nodes_are_no_labels_but_incidents_are() -> None:
    text = render_metrics(fleet_metrics(sick_fleet()))
    assert 'aifctl_incident_nodes{incident="41",check="gpu-lost",code="lost",scope="rack",where="r2"' in text
    assert 'aifctl_fleet_unhandled_nodes{condition="fault"} 1\n' in text
    assert "\naifctl_not_done 1\n" in text
    assert "r2n3" not in text
