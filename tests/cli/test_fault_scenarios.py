"""The fault scenarios against the simulated fleet, through the real command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.command import Operator
from tests.fault_scenarios import FaultScenarios, Ward

pytestmark = pytest.mark.ssh


class SimulatedWard(Ward):
    """Four simulated nodes."""

    four, sick, well = "r001n[01-04]", "r001n04", ("r001n01", "r001n02", "r001n03")

    def __init__(self, handle: SimHandle, operator: Operator) -> None:
        self._handle, self.operator = handle, operator

    @contextlib.contextmanager
    def fault(self, text: str) -> Iterator[None]:
        processes.tell(self._handle, {"verb": "plant", "text": f"{text}@{self.sick}"})
        try:
            yield
        finally:
            processes.tell(self._handle, {"verb": "cure", "where": "", "kind": None})

    def running(self) -> list[str]:
        (answer,) = processes.tell(self._handle, {"verb": "status"})
        return ["a process"] * answer["counts"]["processes"]

    def written(self, path: str) -> list[str]:
        found = self.operator.json("run", self.four, "--", f"test -e {path}")
        return [node for node, outcome in found.outcomes().items() if outcome == "ok"]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """Start one small fleet for this file; it ends with this process, however that ends."""
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=4), state, tied=True)
    yield handle
    processes.down(handle, state)


@pytest.fixture
def ward(fleet: SimHandle, tmp_path: Path) -> SimulatedWard:
    operator = Operator(home=tmp_path / "operator")
    operator.home.mkdir()
    operator.prepare_environ(fleet.files.inventory)
    return SimulatedWard(fleet, operator)


class TestOnTheSimulatedFleet(FaultScenarios):
    """All of them; what only simulated nodes can suffer from stands below."""
