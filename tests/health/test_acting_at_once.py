"""Two control hosts act at the same moment, each a store of its own: nothing is drained twice, no budget is broken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fleet.policy import Policy
from aifctl.health.acting import Acted, act
from aifctl.health.draining import DrainAsked, drain
from aifctl.ports.store_writes import By
from tests.fakes.toolbox import FakeToolbox, racks, toolbox
from tests.health.acting_parts import SWEEP, incident, sighted
from tests.ops.run_fakes import ListSink

FLEET = racks(4, policy=Policy(drain_max_nodes=3, drain_max_share=1.0, drain_max_nodes_per=(("rack", 2),)))


def at_once(*jobs: Callable[[], object]) -> None:
    """Start all at the same moment, and raise what one of them raised."""
    ready, problems = threading.Barrier(len(jobs)), list[BaseException]()

    def go(job: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            job()
        except BaseException as problem:  # noqa: BLE001  told by the test's own thread
            problems.append(problem)

    threads = [threading.Thread(target=go, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def acting(folder: Path, nodes: list[str], done: list[Acted], over: threading.Event) -> Callable[[], None]:
    """Return a sweep's end on a control host of its own; `over` is set by whoever is done first."""

    def pause(_: float) -> None:
        over.wait(30)

    def go() -> None:
        mine = toolbox(folder, FLEET)
        with mine.store:
            these = sighted(mine, *(incident(node) for node in nodes))
            done.append(act(these, mine.box, SWEEP, pause=pause))
        over.set()

    return go


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path, FLEET)
    assert tools.store.states() == {}
    return tools


def test_two_acting_sweeps_drain_no_more_between_them_than_one_may(tools: FakeToolbox, tmp_path: Path) -> None:
    done, over = list[Acted](), threading.Event()
    one, other = ([f"r{rack}n{number}" for rack in (1, 2, 3, 4)] for number in (1, 2))
    at_once(acting(tmp_path, one, done, over), acting(tmp_path, other, done, over))
    drained = [node for each in done for node, _ in each.drained]
    assert len(drained) == 3
    assert {name for name, row in tools.store.states().items() if row.state == "drained"} == set(drained)
    assert sum(len(each.withheld) for each in done) == 5


def test_a_person_and_a_sweep_that_drain_the_same_node_make_one_drain_of_it(tools: FakeToolbox, tmp_path: Path) -> None:
    def person() -> None:
        mine = toolbox(tmp_path, FLEET)
        with mine.store:
            fan = Fan(chosen=Chosen(selector="r1n1"), consent=Consent(reason="ticket 811"))
            drain(DrainAsked(fan=fan), mine.box, ListSink())

    at_once(acting(tmp_path, ["r1n1"], [], threading.Event()), person)
    (one,) = tools.store.drains()
    moves = [(row.source, row.target) for row in reversed(tools.store.transitions(["r1n1"]))]
    assert moves == [("ready", "draining"), ("draining", "drained")]
    assert len({row.reason for row in tools.store.transitions(["r1n1"])}) == 1
    assert tools.store.states()["r1n1"].reason == one.reason


def test_two_sweeps_that_would_drain_the_same_node_move_it_once(tools: FakeToolbox, tmp_path: Path) -> None:
    """Whoever moves second sees that the node no longer stands as it was seen: its history is one line of moves."""
    over = threading.Event()
    at_once(acting(tmp_path, ["r1n1"], [], over), acting(tmp_path, ["r1n1"], [], over))
    versions = [row.version for row in tools.store.transitions(["r1n1"])]
    assert versions == [2, 1]
    assert tools.store.states()["r1n1"].actor == By(who="root").who
