"""The scripts in playbooks/ do what their first lines say, through the real command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.command import Operator

_PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"

pytestmark = pytest.mark.ssh


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """Start one small fleet for this file; it ends with this process, however that ends."""
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=4), state, tied=True)
    yield handle
    processes.down(handle, state)


@pytest.fixture
def operator(fleet: SimHandle, tmp_path: Path) -> Operator:
    operator = Operator(home=tmp_path / "operator")
    operator.home.mkdir()
    operator.prepare_environ(fleet.files.inventory)
    return operator


def test_equal_nodes_fold_into_one_entry_of_facts(operator: Operator) -> None:
    said = operator.aifctl("script", "@all", str(_PLAYBOOKS / "node-facts.sh"))

    assert said.code == 0, said
    assert said.out.count("gpus     8") == 1, said
    assert "r001n[01-04]: 4 nodes, ok" in said.out, said
    assert "8 active, 0 down" in said.out, said


def test_evidence_is_kept_on_each_node_and_fetched_from_each(operator: Operator, tmp_path: Path) -> None:
    kept = operator.aifctl("script", "@all", str(_PLAYBOOKS / "keep-evidence.sh"), "evidence")
    fetched = operator.aifctl("pull", "@run:latest", "evidence", str(tmp_path / "here"))

    assert (kept.code, fetched.code) == (0, 0), (kept, fetched)
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [f"r001n0{number}" for number in range(1, 5)]
    uptime = (tmp_path / "here/r001n01/evidence/uptime").read_text()
    assert "load average" in uptime
