"""reconcile: each chore done, said, and none held up by another."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from aifctl.core.errors import BackendError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen, Fan, Keep
from aifctl.fleet.lifecycle import State
from aifctl.health.not_done import RECONCILE, reconciled_at_s
from aifctl.health.reconciling import reconcile
from aifctl.ports.store_writes import By, Move, Sighting
from tests.fakes.receiver import listening
from tests.fakes.toolbox import TONIGHT, FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink

PAT = By(who="pat")
FAULT = Sighting(
    check="xid",
    code="79",
    scope="node",
    scope_value="r1n1",
    result="fault",
    action="reboot",
    message="fell off the bus",
    nodes=("r1n1",),
)


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


def do(tools: FakeToolbox, *, only_changes: bool = False) -> tuple[Report, dict[str, str]]:
    sink = ListSink()
    fan = Fan(chosen=Chosen(selector=None), keep=Keep(only_changes=only_changes))
    report = reconcile(fan, tools.box, sink)
    return report, {one["chore"]: one["message"] for one in sink.items}


def test_with_nothing_to_do_each_chore_says_so_and_its_age_is_kept(tools: FakeToolbox) -> None:
    report, said = do(tools)
    assert report.exit is ExitCode.OK
    assert said == {
        "writes": "all that was logged stands in the database",
        "notifications": "nobody is to be told (the setting notify)",
        "drains": "none is waiting for its job",
        "leases": "none had run out",
    }
    assert 0 < reconciled_at_s(tools.store) - TONIGHT.timestamp() < 60
    assert tools.store.leases() == []


def test_where_only_changes_are_wanted_a_chore_with_nothing_to_do_says_nothing(
    tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert do(tools, only_changes=True) == (Report(summary={"left_count": 0}), {})
    monkeypatch.setattr(type(tools.store), "queued_count", 3)
    report, said = do(tools, only_changes=True)
    assert report.exit is ExitCode.BACKEND
    assert list(said) == ["writes"]


def test_what_is_news_is_sent_and_what_fires_is_sent_again(tools: FakeToolbox) -> None:
    with listening() as receiver:
        path = tools.state.path.parent / "url"
        path.touch(mode=0o600)
        path.write_text(receiver.address)
        tools.settings = tools.settings.with_flags({"notify": f"alertmanager=file:{path}"})
        tools.store.sight([FAULT], PAT)
        _, said = do(tools)
        assert said["notifications"] == "1 new, 1 sent, 0 that fire or just ended sent again"
        _, said = do(tools)
        assert said["notifications"] == "0 new, 0 sent, 1 that fire or just ended sent again"
    assert [json.loads(one.body)[0]["labels"]["alertname"] for one in receiver.letters] == ["xid", "xid"]


def test_what_nobody_took_is_not_done_and_the_other_chores_are(tools: FakeToolbox) -> None:
    path = tools.state.path.parent / "url"
    path.touch(mode=0o600)
    path.write_text("http://127.0.0.1:1/token")
    tools.settings = tools.settings.with_flags({"notify": f"webhook=file:{path}"})
    tools.store.sight([FAULT], PAT)
    report, said = do(tools)
    assert (report.exit, report.complete) == (ExitCode.BACKEND, False)
    assert said["notifications"].startswith("NOT DONE: 1 to be sent later")
    assert "token" not in said["notifications"]
    assert said["leases"] == "none had run out"
    assert tools.store.get(RECONCILE)["left"] == ["notifications"]


def test_a_chore_that_fails_leaves_the_others_to_be_done(tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise BackendError("the database is away")

    monkeypatch.setattr(type(tools.store), "queued_count", property(lambda _: broken()))
    report, said = do(tools)
    assert report.exit is ExitCode.BACKEND
    assert said["writes"] == "NOT DONE: the database is away"
    assert said["leases"] == "none had run out"


def test_batches_that_stand_in_the_log_alone_are_not_done(tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(tools.store), "queued_count", property(lambda _: 3))
    report, said = do(tools)
    assert report.exit is ExitCode.BACKEND
    assert said["writes"].startswith("NOT DONE: 3 batches stand in the log alone")


def test_leases_that_ran_out_long_ago_go_with_a_line_in_the_events_and_others_stay(tools: FakeToolbox) -> None:
    for node, for_s in (("r1n1", -700.0), ("r1n2", -60.0), ("r1n3", 60.0)):
        tools.store.acquire([f"node:{node}"], owner="run x", purpose="reboot", for_s=for_s)
    _, said = do(tools)
    assert said["leases"] == "1 had run out"
    assert [lease.scope for lease in tools.store.leases()] == ["node:r1n2", "node:r1n3"]
    (event,) = tools.store.events(nodes=["r1n1"])
    assert "run x on node:r1n1 (reboot) ran out" in event.text


def drained(tools: FakeToolbox, node: str, *path: State, reason: str = "aifctl:person:pat noise") -> None:
    for version, (source, target) in enumerate(itertools.pairwise(path)):
        move = Move(node=node, source=source, target=target, expected_version=version, reason=reason)
        tools.store.move([move], PAT)


def test_it_closes_no_incident_and_lifts_no_drain(tools: FakeToolbox) -> None:
    tools.store.sight([FAULT], PAT)
    drained(tools, "r1n1", State.READY, State.DRAINING, State.DRAINED)
    do(tools)
    assert [row.closed_at_s for row in tools.store.incidents()] == [None]
    assert tools.store.states()["r1n1"].state == "drained"


def test_what_is_draining_with_nothing_on_it_is_drained_and_what_has_a_job_waits(tools: FakeToolbox) -> None:
    """Whoever drains is killed between the two moves now and then."""
    drained(tools, "r1n1", State.READY, State.DRAINING)
    drained(tools, "r1n2", State.READY, State.ALLOCATED, State.DRAINING)
    drained(tools, "r1n3", State.READY, State.DRAINING, reason="maintenance by another tool")
    _, said = do(tools)
    expected = "1 node (r1n1) had nothing running and is drained; 1 node still draining: a job ends first"
    assert said["drains"] == expected
    states = tools.store.states()
    assert {name: (row.state, row.reason) for name, row in states.items()} == {
        "r1n1": ("drained", "aifctl:person:pat noise"),
        "r1n2": ("draining", "aifctl:person:pat noise"),
        "r1n3": ("draining", "maintenance by another tool"),
    }
    assert len(tools.store.drains()) == 3


def test_while_another_control_host_reconciles_nothing_is_done_and_that_is_no_failure(tools: FakeToolbox) -> None:
    tools.store.acquire([RECONCILE], owner="the other", purpose="reconcile", for_s=1e9)
    report, said = do(tools)
    assert (report.exit, said) == (ExitCode.OK, {})
    assert "another control host reconciles" in report.notes[0]
    assert reconciled_at_s(tools.store) == 0
