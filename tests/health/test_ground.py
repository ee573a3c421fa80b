from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from aifctl.diagnosis.scopes import Ground
from aifctl.health.ground import ground_of
from tests.fakes.toolbox import FakeToolbox
from tests.health.remembered_night import remembered

COHORTS = {"r001n01": "580.105.08", "r001n02": "570.86.15", "r001n03": "580.105.08"}


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return remembered(tmp_path, 4).tools


def ground(tools: FakeToolbox, judged: Sequence[str]) -> Ground:
    return ground_of(tools.inventory, judged, gpu_counts={"r001n02": 7}, drivers=COHORTS, profiles=tools.profiles)


def test_nodes_stand_where_the_inventory_has_them_and_are_of_a_cohort_by_their_drivers(tools: FakeToolbox) -> None:
    found = ground(tools, tools.inventory.names)
    assert set(found.scopes) == {"rack", "su", "feed", "hall", "cohort"}
    assert [set(nodes) for nodes in found.scopes["rack"].values()] == [set(tools.inventory.names)]
    assert found.scopes["cohort"] == {"580.105.08": ["r001n01", "r001n03"], "570.86.15": ["r001n02"]}


def test_leaves_are_known_of_nodes_that_were_judged(tools: FakeToolbox) -> None:
    found = ground(tools, ["r001n01"])
    assert found.judged == {"r001n01"}
    assert {node for node, _ in found.leaf_of} == {"r001n01"}
    assert len(set(found.leaf_of.values())) == len(found.leaf_of) > 1


def test_a_node_that_told_no_number_of_gpus_has_as_many_as_its_profile_expects(tools: FakeToolbox) -> None:
    assert ground(tools, ["r001n01", "r001n02"]).gpu_counts == {"r001n01": 8, "r001n02": 7}


def test_judged_nodes_are_not_searched_for_through_all_of_them_each_time(tools: FakeToolbox) -> None:
    class Names(tuple[str, ...]):
        __slots__ = ()

        def __contains__(self, _name: object) -> NoReturn:
            raise AssertionError

    assert ground(tools, Names(tools.inventory.names)).judged == set(tools.inventory.names)
