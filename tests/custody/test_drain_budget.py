from __future__ import annotations

import pytest

from aifctl.custody.drain_budget import within_budget
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node, Rail
from aifctl.fleet.policy import Policy

NAMES = [f"r{rack:02}n{node}" for rack in range(1, 26) for node in range(1, 5)]


def fleet(**policy: object) -> Fleet:
    nodes = [
        Node(
            endpoint=Endpoint(name=name, address=name),
            rack=name[:3],
            rails=(Rail(index=0, leaf=f"l{at // 32}-r0"), Rail(index=1, leaf=f"l{at // 32}-r1")),
        )
        for at, name in enumerate(NAMES)
    ]
    return Fleet.from_nodes(nodes, policy=Policy(**policy))  # type: ignore[arg-type]


WIDE = {"drain_max_nodes": 1000, "drain_max_share": 1.0, "drain_max_nodes_per": ()}


def test_a_rack_loses_no_more_than_its_cap_counting_what_is_out() -> None:
    caps = {**WIDE, "drain_max_nodes_per": (("rack", 2),)}
    found = within_budget(["r01n1", "r01n2", "r02n1"], ["r01n4"], fleet(**caps))
    assert found.allowed == ("r01n1", "r02n1")
    assert found.withheld == (("r01n2", "2 of 2 nodes of rack r01 that may be out of service are"),)


def test_a_leaf_is_a_scope_of_every_node_behind_it() -> None:
    caps = {**WIDE, "drain_max_nodes_per": (("leaf", 1),)}
    found = within_budget(["r01n1", "r08n4", "r09n1"], [], fleet(**caps))
    assert found.allowed == ("r01n1", "r09n1")
    assert "leaf l0-r" in found.withheld[0][1]


@pytest.mark.parametrize(("caps", "count"), [({"drain_max_nodes": 3}, 3), ({"drain_max_share": 0.05}, 5)])
def test_count_and_share_are_both_caps(caps: dict[str, object], count: int) -> None:
    found = within_budget(NAMES[:20], [], fleet(**{**WIDE, **caps}))
    assert found.allowed == tuple(NAMES[:count])
    assert len(found.withheld) == 20 - count


def test_what_is_out_already_counts_whoever_took_it_out() -> None:
    found = within_budget(NAMES[:5], NAMES[50:53], fleet(**{**WIDE, "drain_max_nodes": 4}))
    assert found.allowed == tuple(NAMES[:1])
    assert found.withheld[0][1] == "4 of 4 nodes that may be out of service are"


def test_a_node_that_is_out_already_costs_nothing() -> None:
    assert within_budget(NAMES[:1], NAMES[:4], fleet(**{**WIDE, "drain_max_nodes": 4})).allowed == tuple(NAMES[:1])


def test_a_fleet_too_small_for_its_share_may_lose_one_node() -> None:
    assert within_budget(NAMES[:2], [], fleet(drain_max_share=0.001, drain_max_nodes_per=())).allowed == (NAMES[0],)


def test_the_most_urgent_goes_first() -> None:
    assert within_budget(["r20n1", "r01n1"], [], fleet(**{**WIDE, "drain_max_nodes": 1})).allowed == ("r20n1",)
