"""Carrying a deed out: one result for every node, the run known before anything is sent, whoever reports it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.custody import audit
from aifctl.dispatch.asked import Chosen, Consent, Fan, Pace
from aifctl.dispatch.carrying import Carried, RunLoop, carry, name_inventory, run_facts, run_notes
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import Nodes
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.plan import RunPlan
from aifctl.fanout.runs import read_run
from aifctl.fleet.policy import Policy
from aifctl.ports.transport import Command
from aifctl.ports.work import NodeResult
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakeToolbox, racks, scripted, toolbox
from tests.fakes.virtual_time import run_virtually


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


def order(*, changing: bool = False, skipped: tuple[tuple[str, str], ...] = (), **parts: object) -> Order:
    """Return a deed that only looks, as a sweep's does, for two nodes; `parts` are those of Fan."""
    work = ExecWork(command=Command(line="look"))
    deed = Deed(verb="sweep", facts={"checks": "all"}, work=work, steps=("look",), changing=changing)
    fan = Fan(chosen=Chosen(selector=None), argv=("sweep",), **parts)  # type: ignore[arg-type]
    return Order(deed=deed, nodes=Nodes(names=("r1n1", "r1n2"), skipped=skipped), fan=fan, selector="r1n[1-2]")


def carried(tools: FakeToolbox, order: Order, run_loop: RunLoop = asyncio.run) -> tuple[Carried, list[NodeResult]]:
    results: list[NodeResult] = []
    return carry(order, tools, results.append, run_loop=run_loop), results


def test_every_node_of_the_order_has_one_result_and_the_run_is_journalled(tools: FakeToolbox) -> None:
    tools.transport = scripted({"r1n2": Script(dial_error=Outcome.REFUSED)})
    done, results = carried(tools, order(skipped=(("r1n3", "repair"),)))
    assert {result.node: result.outcome for result in results} == {
        "r1n1": Outcome.OK,
        "r1n2": Outcome.REFUSED,
        "r1n3": Outcome.SKIPPED,
    }
    assert done.tally.counts == {Outcome.OK: 1, Outcome.REFUSED: 1, Outcome.SKIPPED: 1}
    record = read_run(tools.state, "latest")
    assert (record.run_id, record.summary.verb) == (done.plan.run_id, "sweep")
    assert run_notes(done) == ("left out: 1 repair (r1n3)",)


def test_the_run_is_known_before_anything_is_sent(tools: FakeToolbox) -> None:
    known: list[tuple[RunPlan, list[tuple[str, str]]]] = []
    done = carry(order(), tools, lambda _: None, begun=lambda plan: known.append((plan, list(tools.transport.sent))))
    assert known == [(done.plan, [])]
    assert run_facts(done.plan, order()) == {
        "run": done.plan.run_id,
        "verb": "sweep",
        "command": "sweep",
        "selector": "r1n[1-2]",
        "inventory": "fleet.yaml",
    }


def test_what_only_looks_is_neither_audited_nor_named(tools: FakeToolbox) -> None:
    carried(tools, order())
    name_inventory(order().deed, tools)
    assert (audit.read_records(tools.state), tools.notes) == ([], [])


def test_what_changes_is_audited_and_names_its_inventory(tools: FakeToolbox) -> None:
    done, _ = carried(tools, order(changing=True, consent=Consent(reason="T-17")))
    name_inventory(order(changing=True).deed, tools)
    (record,) = audit.read_records(tools.state)
    assert (record["verb"], record["why"], record["run"]) == ("sweep", "T-17", done.plan.run_id)
    assert tools.notes == ["inventory: fleet.yaml"]


def test_a_refused_deed_leaves_no_run_and_is_not_begun(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(policy=Policy(guarded=("sweep",), max_nodes=1)))
    with pytest.raises(RefusedError, match="max_nodes"):
        carry(order(), tools, lambda _: None, begun=lambda _: pytest.fail("it was begun"))
    assert list(tools.state.path.glob("runs/*")) == []


def test_nodes_whose_turn_never_came_are_cancelled_results_and_said(tools: FakeToolbox) -> None:
    tools.transport = scripted({"r1n1": Script(run_s=None)})
    done, results = carried(tools, order(pace=Pace(deadline_s=5.0, wave="1")), run_virtually)
    assert done.tally.stopped is ExitCode.DEADLINE
    assert [(result.node, result.outcome, result.message) for result in results][1:] == [
        ("r1n2", Outcome.CANCELLED, "never started")
    ]
    (note,) = run_notes(done)
    assert f"1 node never started; `aifctl runs resume {done.plan.run_id}`" in note
