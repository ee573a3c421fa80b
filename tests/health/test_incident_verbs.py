"""What a person reads and says of incidents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.custody.audit import read_records
from aifctl.health.incident_verbs import ListAsked, acknowledge, close, list_incidents, show_incident, silence
from aifctl.health.notifying import announce
from aifctl.ports.store import ConflictError
from aifctl.ports.store_writes import By, Sighting
from tests.fakes.toolbox import TONIGHT, FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink

ROOT = By(who="root")
FAULT = Sighting(
    check="xid",
    code="79",
    scope="node",
    scope_value="r1n1",
    result="fault",
    action="reboot",
    message="fell off\nthe bus",
    nodes=("r1n1",),
)
MILD = replace(FAULT, check="clock", result="degraded", scope_value="r1n2", nodes=("r1n2", "r1n3"))


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path)
    tools.store.sight([MILD, FAULT], ROOT)
    return tools


def test_open_incidents_are_listed_worst_first_and_closed_ones_behind_where_asked_for(tools: FakeToolbox) -> None:
    sink = ListSink()
    report = list_incidents(ListAsked(), tools.box, sink)
    assert [(one["incident"], one["severity"], one["nodes"]) for one in sink.items] == [
        (2, "fault", "r1n1"),
        (1, "degraded", "r1n[2-3]"),
    ]
    assert report.summary == {"counts": {"degraded": 1, "fault": 1}, "open_count": 2}
    tools.store.sight([], ROOT, gone=[2])
    sink = ListSink()
    list_incidents(ListAsked(closed_within_s=3600.0), tools.box, sink)
    assert [one["incident"] for one in sink.items] == [1, 2]
    sink = ListSink()
    list_incidents(ListAsked(closed_within_s=3600.0, check="xid"), tools.box, sink)
    assert [one["incident"] for one in sink.items] == [2]


def test_before_the_first_sweep_there_is_nothing_to_list(tmp_path: Path) -> None:
    report = list_incidents(ListAsked(), toolbox(tmp_path / "new").box, ListSink())
    assert "nothing has been swept yet" in report.notes[0]


def test_one_incident_is_shown_with_all_that_has_happened_to_it(tools: FakeToolbox) -> None:
    acknowledge([2], "ticket 811", tools.box, ListSink())
    silence([2], 3600.0, "PDU work", tools.box, ListSink())
    sink = ListSink()
    show_incident(2, tools.box, sink)
    (item,) = sink.items
    assert [one["what"] for one in item["log"]] == ["opened", "acked", "silenced"]
    assert item["heading"] == "incident 2: fault: xid 79 on node r1n1"
    assert "fell off\nthe bus" in item["message"]
    assert item["silent"].startswith("until ")
    assert item["acked"].startswith("by ")
    assert any("ticket 811" in line for line in item["story"])
    with pytest.raises(UsageError, match="there is no incident 99"):
        show_incident(99, tools.box, ListSink())


def test_what_is_said_stands_in_the_audit_chain(tools: FakeToolbox) -> None:
    acknowledge([1, 2, 2], "mine", tools.box, ListSink())
    assert [(one["verb"], one["what"], one["why"]) for one in read_records(tools.state)] == [
        ("incident ack", "incident 1", "mine"),
        ("incident ack", "incident 2", "mine"),
    ]
    assert {row.acked_by for row in tools.store.incidents()} != {""}


def test_of_several_one_that_is_not_there_stops_all(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="no incident 99"):
        acknowledge([1, 99], "", tools.box, ListSink())
    with pytest.raises(UsageError, match="which incident"):
        acknowledge([], "", tools.box, ListSink())
    assert [row.acked_by for row in tools.store.incidents()] == ["", ""]


def test_a_silence_needs_a_reason_and_ends_with_0(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="why"):
        silence([1], 60.0, "", tools.box, ListSink())
    silence([1], 60.0, "noise", tools.box, ListSink())
    row = tools.store.incident(1)
    assert row is not None
    assert 50 < row.silenced_until_s - TONIGHT.timestamp() < 70
    silence([1], 0.0, "", tools.box, ListSink())
    row = tools.store.incident(1)
    assert row is not None
    assert row.silenced_until_s == 0


def test_closing_needs_a_reason_tells_its_receivers_and_is_done_once(tools: FakeToolbox) -> None:
    tools.settings = tools.settings.with_flags({"notify": "webhook=file:/nonexistent"})
    announce((), tools.box)
    with pytest.raises(UsageError, match="why"):
        close([2], "", tools.box, ListSink())
    close([2], "cable swapped", tools.box, ListSink())
    (row,) = [row for row in tools.store.outbox() if row.incident == 2]
    assert '"status":"resolved"' in row.payload
    with pytest.raises(ConflictError, match="has been closed since"):
        close([2], "again", tools.box, ListSink())
