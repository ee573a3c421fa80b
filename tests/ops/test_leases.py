"""Leases, looked at and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError, UsageError
from aifctl.custody.audit import read_records
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.ops.leases import BreakAsked, break_leases, list_leases
from aifctl.ports.store import ConflictError
from tests.fakes.toolbox import FakeToolbox, racks, toolbox
from tests.ops.run_fakes import ListSink


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path, racks(4))
    tools.store.acquire(["node:r1n1", "node:r1n2"], owner="run x", purpose="reboot", for_s=1e9)
    tools.store.acquire(["acting"], owner="root", purpose="draining by policy", for_s=-60.0)
    return tools


def asked(selector: str | None, *scopes: str, reason: str = "ctl2 is gone", **consent: bool) -> BreakAsked:
    fan = Fan(chosen=Chosen(selector=selector), consent=Consent(reason=reason, **consent))  # type: ignore[arg-type]
    return BreakAsked(fan=fan, nodes=selector is not None, scopes=scopes)


def test_all_leases_are_listed_and_those_of_some_nodes_where_asked_for(tools: FakeToolbox) -> None:
    sink = ListSink()
    report = list_leases(None, tools.box, sink)
    assert [(one["node"], one["scope"], one["expired"]) for one in sink.items] == [
        (None, "acting", True),
        ("r1n1", "node:r1n1", False),
        ("r1n2", "node:r1n2", False),
    ]
    assert report.summary == {"leases_count": 3, "held_count": 2}
    sink = ListSink()
    list_leases(Chosen(selector="r1n2"), tools.box, sink)
    assert [one["node"] for one in sink.items] == ["r1n2"]


def test_where_nothing_is_remembered_nothing_is_leased(tmp_path: Path) -> None:
    assert list_leases(None, toolbox(tmp_path / "new").box, ListSink()).summary["leases_count"] == 0


def test_breaking_takes_a_lease_away_says_from_whom_and_its_run_learns_of_it(tools: FakeToolbox) -> None:
    sink = ListSink()
    report = break_leases(asked("r1n1"), tools.box, sink)
    assert [(one["node"], one["owner"]) for one in sink.items] == [("r1n1", "run x")]
    assert "may still be at work" in report.notes[0]
    with pytest.raises(ConflictError, match="no longer held"):
        tools.store.renew(["node:r1n1"], owner="run x", for_s=60.0)
    assert "ctl2 is gone" in tools.store.events(nodes=["r1n1"])[-1].text
    (record,) = read_records(tools.state)
    assert (record["verb"], record["what"]) == ("leases break", "node:r1n1")
    assert break_leases(asked("r1n1"), tools.box, ListSink()).notes == ("nobody held any",)


def test_what_is_no_node_is_broken_by_its_scope(tools: FakeToolbox) -> None:
    break_leases(asked(None, "acting"), tools.box, ListSink())
    assert [lease.scope for lease in tools.store.leases()] == ["node:r1n1", "node:r1n2"]


def test_it_wants_to_know_which_and_why_and_asks_before_it_touches_many(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="which leases"):
        break_leases(asked(None), tools.box, ListSink())
    with pytest.raises(UsageError, match="why"):
        break_leases(asked("r1n1", reason=""), tools.box, ListSink())
    with pytest.raises(RefusedError, match="the whole of rack r1"):
        break_leases(asked("@rack:r1"), tools.box, ListSink())
    assert break_leases(asked("@rack:r1", dry_run=True), tools.box, ListSink()).summary["nodes_count"] == 8
    assert break_leases(asked("@rack:r1", yes=True), tools.box, ListSink()).summary["broken_count"] == 2
