"""Every fault there is, at once and one by one, with one process and two, with and without retries: `make soak`.

Whatever ails some nodes, each node has one row, the healthy ones are untouched by it, and the exit code says so.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.fault import read_kinds
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.cli.prompt import Prompt

pytestmark = [pytest.mark.ssh, pytest.mark.soak, pytest.mark.timeout(600)]

_COUNT = 200
_ILL = 10

#: What ails hardware is the business of sweeps: `hostname` answers all the same.
_KINDS = sorted(
    name for name, kind in read_kinds().items() if not (kind.patch or kind.says or kind.spoil or kind.strike)
)

#: Fault → the outcomes that it may lead to for `hostname`; one that is not here must not change an answer.
_OUTCOMES = {
    "auth-refused": {"auth"},
    "dead": {"connect-timeout"},
    "dies-mid-command": {"lost"},
    "exit": {"exit"},
    "flood": {"timeout", "ok"},
    "half-open": {"connect-timeout"},
    "hang": {"timeout"},
    "refused": {"refused"},
    "slow-banner": {"connect-timeout", "ok"},
    "stuck": {"timeout"},
    "throttle": {"throttled", "ok"},
    "wrong-host-key": {"host-key"},
}
#: What nobody could end: the link died, or the process outlives KILL; its node's row says so.
_LEFT_RUNNING = {"dies-mid-command", "stuck"}
_ARGUMENTS = {"slow-banner": ":5", "slow": ":0.2", "exit": ":3"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    """In place of the fleet of 24 nodes that the other tests share."""
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=_COUNT), state, tied=True)
    yield handle
    processes.down(handle, state)


def test_the_matrix_names_no_fault_that_does_not_exist() -> None:
    assert set(_OUTCOMES) | set(_ARGUMENTS) <= set(_KINDS)


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", _KINDS)
def test_ill_nodes_have_their_outcome_and_the_others_do_not_notice(
    prompt: Prompt, kind: str, workers: int, retries: int
) -> None:
    names = prompt.aifctl("nodes", "@all", "-o", "plain").out.split()
    ill = frozenset(names[:: _COUNT // _ILL])
    prompt.break_(f"{kind}{_ARGUMENTS.get(kind, '')}@{','.join(sorted(ill))}")

    pace = ("--connect-timeout", "2s", "--timeout", "4s", "--retries", str(retries), "--workers", str(workers))
    said = prompt.json("run", "@all", *pace, "--", "hostname", timeout_s=300)

    items = said.items()
    assert list(items) == names, "one row for each node, in their order"
    for name in names:
        expected = _OUTCOMES.get(kind, {"ok"}) if name in ill else {"ok"}
        assert items[name]["outcome"] in expected, items[name]
        if name not in ill:
            assert items[name]["stdout"] == f"{name}\n"
    failed = {item["outcome"] for item in items.values()} - {"ok"}
    assert said.code == (0 if not failed else 1 if failed == {"exit"} else 3), said.err
    if kind not in _LEFT_RUNNING:
        assert prompt.commands_running() == 0


def test_all_faults_at_once(prompt: Prompt) -> None:
    names = prompt.aifctl("nodes", "@all", "-o", "plain").out.split()
    prompt.break_(
        *(f"{kind}{_ARGUMENTS.get(kind, '')}@{names[at * 5]},{names[at * 5 + 1]}" for at, kind in enumerate(_KINDS))
    )

    pace = ("--connect-timeout", "2s", "--timeout", "4s", "--workers", "2")
    items = prompt.json("run", "@all", *pace, "--", "hostname", timeout_s=300).items()

    ill = {names[at * 5 + more]: kind for at, kind in enumerate(_KINDS) for more in (0, 1)}
    for name in names:
        expected = _OUTCOMES.get(ill[name], {"ok"}) if name in ill else {"ok"}
        assert items[name]["outcome"] in expected, (ill.get(name), items[name])
