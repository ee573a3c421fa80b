"""The fault scenarios against the simulated fleet, through the real command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.fault import read_kinds
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests import fault_scenarios
from tests.command import Operator
from tests.fault_scenarios import FaultScenarios, Ward, of_the_well, the_sick

pytestmark = pytest.mark.ssh


def processes_count(handle: SimHandle) -> int:
    """Return how many commands run on all the nodes."""
    return sum(int(answer["counts"]["processes"]) for answer in processes.tell(handle, {"verb": "status"}))


class SimulatedWard(Ward):
    """Four simulated nodes."""

    four, sick, well = "r001n[01-04]", "r001n04", ("r001n01", "r001n02", "r001n03")

    def __init__(self, handle: SimHandle, operator: Operator) -> None:
        self._handle, self.operator = handle, operator
        self._orphans_count = 0  # of links that died in earlier tests: nobody ends what they ran
        self._orphans_count = len(self.running())

    @contextlib.contextmanager
    def fault(self, text: str) -> Iterator[None]:
        processes.tell(self._handle, {"verb": "plant", "text": f"{text}@{self.sick}"})
        try:
            yield
        finally:
            processes.tell(self._handle, {"verb": "cure", "where": "", "kind": None})

    def running(self) -> list[str]:
        return ["a process"] * (processes_count(self._handle) - self._orphans_count)

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


def test_a_process_that_outlives_every_signal_is_reported_with_its_number(ward: SimulatedWard) -> None:
    """State D: no test can put a real process there and take it out again."""
    with ward.fault("stuck"):
        done = ward.operator.json("run", ward.four, "--timeout=2s", "--", "hostname")
        shown = ward.operator.aifctl("runs", "show")
        assert len(ward.running()) == 1
    assert done.code == 3, done
    the_sick(ward, done, "timeout", "outlived KILL")
    (survivor,) = done.items()[ward.sick]["survivors"]
    assert "what was begun may still run on 1 node: r001n04" in done.err, done
    assert f"r001n04 ({survivor})" in shown.out, shown
    of_the_well(ward, done)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """A fleet in which each sick node has a fault of its own."""
    state = StateDir(path=tmp_path_factory.mktemp("hospital"))
    faults = tuple(f"{fault}@r{1 + n // 4:03}n{1 + n % 4:02}" for n, (fault, _) in enumerate(_ALL.items()))
    handle = processes.up(FleetSpec(nodes_count=24, faults=faults), state, tied=True)
    yield handle
    processes.down(handle, state)


#: Every fault that shows with a plain command → the outcome it leads to.
_ALL = {
    "dead": "connect-timeout",
    "refused": "refused",
    "slow-banner:60": "connect-timeout",
    "half-open": "connect-timeout",
    "throttle:100%": "throttled",
    "wrong-host-key": "host-key",
    "auth-refused": "auth",
    "hang": "timeout",
    "dies-mid-command:0.05": "lost",
    "exit:3": "exit",
    "flood:2M": "ok",
    "non-utf8": "ok",
    "slow:0.1": "ok",
    "slow-banner:0.1": "ok",
    "slow:60": "timeout",
}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_all_faults_at_once_each_get_their_own_outcome_and_spoil_no_other_node(
    hospital: SimHandle, tmp_path: Path, workers: str
) -> None:
    operator = Operator(home=tmp_path / "operator")
    operator.home.mkdir()
    operator.prepare_environ(hospital.files.inventory)
    limits = ["--connect-timeout=2s", "--timeout=2s", f"--workers={workers}"]
    before_count = processes_count(hospital)
    done = operator.json("run", "@all", *limits, "--", "hostname")
    wanted = [*_ALL.values(), *["ok"] * (24 - len(_ALL))]
    assert list(done.outcomes().values()) == wanted, done
    assert done.code == 3, done
    assert processes_count(hospital) == before_count + 1  # that of the link that died
    counts = done.envelope()["summary"]["counts"]
    assert counts == {outcome: wanted.count(outcome) for outcome in set(wanted)}


def test_every_kind_of_fault_is_in_a_scenario() -> None:
    text = Path(__file__).read_text() + Path(fault_scenarios.__file__).read_text()
    elsewhere = {"sudo-password", "reboot"}  # test_secrets.py, test_node_acting.py
    ours = {name for name, kind in read_kinds().items() if not (kind.patch or kind.spoil or kind.says)}
    # What only a sweep sees is tried by tests/health/test_planted_faults.py.
    assert {kind for kind in ours - elsewhere if f'"{kind}' not in text} == set()
