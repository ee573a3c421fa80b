"""The whole walk over a fleet that several processes share: every node once, its own reply, whatever dies on the way.

600 simulated nodes in `make test`, where sharding has begun; all 6,250 in `make soak`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.cli.prompt import Prompt
from tests.command import Said, wait_until

pytestmark = [pytest.mark.ssh, pytest.mark.timeout(600)]

_LONG_S = 300


@pytest.fixture(
    scope="module", params=[600, pytest.param(6250, marks=pytest.mark.scale)], ids=lambda count: f"{count} nodes"
)
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """In place of the fleet of 24 nodes that the other tests share."""
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=request.param), state, tied=True)
    yield handle
    processes.down(handle, state)


@pytest.fixture
def names(prompt: Prompt) -> list[str]:
    return prompt.aifctl("nodes", "@all", "-o", "plain").out.split()


def _run(prompt: Prompt, *words: str) -> Said:
    return prompt.json("run", "@all", "--workers", "2", *words, timeout_s=_LONG_S)


def test_every_node_answers_for_itself_and_stands_in_its_place(prompt: Prompt, names: list[str]) -> None:
    said = _run(prompt, "--", "hostname")
    assert said.code == 0, said.err
    items = said.envelope()["items"]
    assert [item["node"] for item in items] == names
    assert [item["stdout"] for item in items] == [f"{name}\n" for name in names]
    assert said.envelope()["coverage"]["answered"] == len(names)


def test_each_way_of_being_ill_is_counted_and_the_others_answer(prompt: Prompt, names: list[str]) -> None:
    twentieth = len(names) // 20
    ill = {
        "connect-timeout": names[:twentieth],
        "refused": names[twentieth : 2 * twentieth],
        "host-key": names[-twentieth:],
        "lost": names[-2 * twentieth : -twentieth],
    }
    faults = {"connect-timeout": "dead", "refused": "refused", "host-key": "wrong-host-key", "lost": "dies-mid-command"}
    prompt.break_(*(f"{faults[outcome]}@{','.join(nodes)}" for outcome, nodes in ill.items()))
    said = _run(prompt, "--connect-timeout", "3s", "--", "hostname")
    assert said.code == 3, said.err
    expected = {node: outcome for outcome, nodes in ill.items() for node in nodes}
    assert said.outcomes() == {name: expected.get(name, "ok") for name in names}


def test_what_kill_9_cut_off_is_done_by_resume_and_no_node_twice(prompt: Prompt, names: list[str]) -> None:
    count = "echo once >>/tmp/count"
    process = prompt.start("run", "@all", "--workers", "2", "--", count)
    wait_until(lambda: _ends(prompt) > len(names) // 3, "a third of the answers", timeout_s=_LONG_S)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    wait_until(lambda: prompt.commands_running() == 0, "the nodes' quiet", timeout_s=_LONG_S)

    resumed = prompt.json("runs", "resume", "latest", timeout_s=_LONG_S)
    cut_off = f"@run:{prompt.journals()[0].parent.name}:lost"
    held_back = prompt.aifctl("nodes", cut_off, "--allow-empty", "-o", "plain").out.split()
    assert len(resumed.items()) > len(names) // 3
    times = _run(prompt, "--", "cat /tmp/count | wc -l")
    counted = Counter({node: int(item["stdout"]) for node, item in times.items().items()})
    assert {node for node in names if counted[node] > 1} == set(), "done twice"
    assert {node for node in names if counted[node] == 0} <= set(held_back), "never done, and not said to be lost"
    _run(prompt, "--", "rm -f /tmp/count")


def test_a_signal_ends_what_runs_everywhere(prompt: Prompt, names: list[str]) -> None:
    prompt.break_(f"hang@{names[0]},{names[-1]}")
    process = prompt.start("run", "@all", "--workers", "2", "-o", "json", "--", "hostname")
    wait_until(lambda: _ends(prompt) == len(names) - 2, "all answers but two", timeout_s=_LONG_S)
    os.kill(process.pid, signal.SIGTERM)
    said = prompt.finish(process)
    assert said.code == 143
    outcomes = Counter(said.outcomes().values())
    assert outcomes == {"ok": len(names) - 2, "cancelled": 2}
    assert prompt.commands_running() == 0
    assert _workers_of(process.pid) == []


def test_few_open_files_narrow_the_run_and_all_nodes_answer(prompt: Prompt) -> None:
    run = "aifctl run @all --first 300 --workers {} -o json -- hostname"
    for workers in (1, 2):
        said = prompt.shell(f"ulimit -n 100; {run.format(workers)}")
        assert said.code == 0, said.err
        assert len(said.items()) == 300


def _ends(prompt: Prompt) -> int:
    journals = prompt.journals()
    return journals[-1].read_text().count('"t":"end"') if journals else 0


def _workers_of(pid: int) -> list[str]:
    """Return processes whose parent was that one; it has ended, so there must be none that still names it."""
    return [
        path.name
        for path in Path("/proc").glob("[0-9]*")
        if f"\nPPid:\t{pid}\n" in _text(path / "status")
    ]  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # ended while we looked
