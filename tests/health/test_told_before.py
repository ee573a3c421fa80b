"""What nodes last told of drivers and GPUs: kept for sweeps of a part of the fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.health.told_before import Told, tell
from tests.fakes.toolbox import FakeToolbox, toolbox

ALL = ("r1n1", "r1n2", "r1n3")


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


def test_what_is_told_now_lies_over_what_was_told_before(tools: FakeToolbox) -> None:
    tell(tools.store, Told(drivers=dict.fromkeys(ALL, "580"), gpu_counts=dict.fromkeys(ALL, 8)), among=ALL)
    told = tell(tools.store, Told(drivers={"r1n2": "570"}, gpu_counts={"r1n2": 7}), among=ALL)
    assert told.drivers == {"r1n1": "580", "r1n2": "570", "r1n3": "580"}
    assert told.gpu_counts == {"r1n1": 8, "r1n2": 7, "r1n3": 8}
    assert tell(tools.store, Told(), among=ALL) == told


def test_nodes_that_have_left_are_forgotten(tools: FakeToolbox) -> None:
    tell(tools.store, Told(drivers=dict.fromkeys(ALL, "580")), among=ALL)
    assert tell(tools.store, Told(), among=ALL[:1]).drivers == {"r1n1": "580"}


def test_nothing_new_is_not_written(tools: FakeToolbox) -> None:
    told = Told(drivers=dict.fromkeys(ALL, "580"))
    tell(tools.store, told, among=ALL)
    mark = tools.store.mark()
    tell(tools.store, told, among=ALL)
    assert tools.store.mark() == mark


@pytest.mark.parametrize("kept", [1, [], {"drivers": 1}, {"drivers": {"580": "r[1"}, "gpu_counts": {}}])
def test_what_is_no_such_thing_is_told_anew(tools: FakeToolbox, kept: object) -> None:
    tools.store.put("sweep.told", kept)
    assert tell(tools.store, Told(drivers={"r1n1": "580"}), among=ALL).drivers == {"r1n1": "580"}
