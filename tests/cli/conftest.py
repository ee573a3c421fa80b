"""One small simulated fleet for each file of tests, and an operator at its prompt for each test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.cli.prompt import InProcess, Prompt


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """Six racks r001 … r006 of four nodes n01 … n04; they end with this process, however that ends."""
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=24), state, tied=True)
    yield handle
    processes.down(handle, state)


@pytest.fixture
def prompt(simulated: SimHandle, tmp_path: Path) -> Iterator[Prompt]:
    """An operator with a home, an inventory and a state directory of their own; what they broke is cured afterwards."""
    mine = Prompt.at(tmp_path / "home", simulated)
    yield mine
    mine.cure()


@pytest.fixture
def aifctl(prompt: Prompt, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[InProcess]:
    """The command without a process of its own, for what touches no node: it takes a hundredth of the time."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for name, value in prompt.environ.items():
        if name.startswith("AIFCTL_") or name in {"HOME", "LANG"}:
            monkeypatch.setenv(name, value)
    yield InProcess(capfd)
    for number, handler in handlers.items():
        signal.signal(number, handler)
