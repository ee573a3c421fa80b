"""events: the store's lines and this host's runs in one time line, the newest last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.outcome import Outcome
from aifctl.core.report import Item, Report
from aifctl.dispatch.asked import Chosen
from aifctl.health.timeline import EventsAsked, events
from aifctl.ports.store_writes import Event
from tests.fakes.toolbox import FakeToolbox, toolbox
from tests.fanout.journal_fakes import TestClock, failed, keep_run, ok
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path)
    now_s = tools.clock.now().timestamp()
    tools.store.tell(
        [
            Event(kind="state", text="ready → drained by pat", node="r1n1", at_s=now_s - 7200),
            Event(kind="finding", text="xid node 79: fell off", node="r1n1", at_s=now_s - 600, facts={"code": "79"}),
            Event(kind="freeze", text="everything frozen by pat", at_s=now_s - 300),
            Event(kind="note", text="pat: it hums", node="r2n1", at_s=now_s - 60),
        ]
    )
    return tools


def told(tools: FakeToolbox, **parts: Any) -> tuple[list[Item], Report]:
    sink = ListSink()
    report = events(EventsAsked(**parts), tools.box, sink)
    return list(sink.items), report


def test_what_has_happened_lately_is_told_the_newest_last(tools: FakeToolbox) -> None:
    items, report = told(tools)
    assert [(item["kind"], item["node"]) for item in items] == [("finding", "r1n1"), ("freeze", None), ("note", "r2n1")]
    assert items[0]["facts"] == {"code": "79"}
    assert report.summary == {"events_count": 3}


def test_since_and_selectors_choose(tools: FakeToolbox) -> None:
    assert [item["kind"] for item in told(tools, since="3h")[0]] == ["state", "finding", "freeze", "note"]
    only = told(tools, since="3h", chosen=Chosen(selector="r1n1"))[0]
    assert [item["kind"] for item in only] == ["state", "finding"]


def test_of_many_the_newest_are_told_and_that_there_are_more(tools: FakeToolbox) -> None:
    items, report = told(tools, limit=2)
    assert [item["kind"] for item in items] == ["freeze", "note"]
    assert report.notes == ("only the newest 2 are shown; --limit or a SELECTOR shows others",)


def test_nothing_is_said_to_be_nothing(tools: FakeToolbox, tmp_path: Path) -> None:
    assert told(tools, since="10s")[1].notes == ("nothing has happened since 10s",)
    assert told(toolbox(tmp_path / "other"))[0] == []
    with pytest.raises(UsageError, match="is no time"):
        told(tools, since="yesterday")


def test_runs_of_this_host_stand_where_they_began(tools: FakeToolbox) -> None:
    now = tools.clock.now()
    for minutes, crashed in ((5, False), (2, True), (300, False)):
        clock = TestClock(at=now - timedelta(minutes=minutes))
        keep_run(
            tools.state,
            [ok("r1n1"), failed("r1n2", Outcome.TIMEOUT)],
            clock=clock,
            crashed=crashed,
            head={"who": "pat", "argv": ["run", "@all", "--", "uptime"]},
        )
    runs = [item for item in told(tools)[0] if item["kind"] == "run"]
    assert [item["text"].partition(" (run ")[0] for item in runs] == [
        "run @all -- uptime on 2 nodes by pat: 1 ok, 1 timeout",
        "run @all -- uptime on 2 nodes by pat: crashed",
    ]
    assert runs[0]["facts"]["nodes_count"] == 2
    assert [item["kind"] for item in told(tools)[0]] == ["finding", "freeze", "run", "run", "note"]


def test_a_selector_leaves_the_runs_that_were_for_one_of_its_nodes(tools: FakeToolbox) -> None:
    clock = TestClock(at=tools.clock.now(), step_s=0.001)
    many = [f"r{rack}n{number}" for rack in range(1, 100) for number in range(1, 33)]  # their names are kept in a file
    mine = keep_run(tools.state, [ok(name) for name in many], clock=clock)
    keep_run(tools.state, [ok("r2n1")], clock=clock)
    told_of = {item["facts"]["run"] for item in told(tools, chosen=Chosen(selector="r1n1"))[0] if item["kind"] == "run"}
    assert told_of == {mine}
    (names,) = (tools.state.path / "runs" / mine / "facts").iterdir()
    names.unlink()
    assert "run" not in {item["kind"] for item in told(tools, chosen=Chosen(selector="r1n1"))[0]}
