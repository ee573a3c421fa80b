"""The verb: what it reports, in which shape, and when it ends with 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import EmptySelectionError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Coverage
from aifctl.diagnosis.fleet_groups import By
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.lifecycle import State
from aifctl.health.status import FAIL_ON, NODE_STATUS, STATUS, StatusAsked, parse_by, status
from aifctl.output.json_text import dumps
from aifctl.ports.store_writes import FindingChange
from tests.fakes.toolbox import TONIGHT, FakeToolbox, racks, toolbox
from tests.health.swept import PAT, Found, sighting, sweep
from tests.ops.run_fakes import ListSink

NOW_S = TONIGHT.timestamp()
ALL = [f"r{rack}n{number}" for rack in range(1, 5) for number in range(1, 5)]


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    """Four racks: a fault in r1, one that nobody could reach in r2, one in repair."""
    tools = toolbox(tmp_path, racks(4, nodes_count=4, states={"r4n4": State.REPAIR}))
    sweep(tools.store, "s1", ALL, at_s=NOW_S - 400, found={"r3n1": Found()})
    found = {"r1n1": Found(), "r3n1": Found(kind=FindingChange.CLEARED)}
    sweep(tools.store, "s2", ALL[:-1], at_s=tools.clock.now().timestamp() + 1, found=found, gone=["r2n1"])
    tools.store.sight([sighting("gpu-lost", "node", "r1n1", ["r1n1"])], PAT)
    return tools


def reported(tools: FakeToolbox, selector: str = "@all", **asked: Any) -> ListSink:
    sink = ListSink()
    sink.close(status(StatusAsked(chosen=Chosen(selector=selector), **asked), tools, sink))
    return sink


def test_groups_are_the_items_and_everything_else_is_the_summary(tools: FakeToolbox) -> None:
    sink = reported(tools, by=By.RACK)
    assert (sink.heads[0].kind, sink.heads[0].drawing) == (STATUS, "fleet")
    assert [(item["group"], item["nodes_count"], item["worst"], item["not_ok"]) for item in sink.items] == [
        ("r1", 4, "fault", "r1n1"),
        ("r2", 4, "unreachable", "r2n1"),
        ("r3", 4, "ok", ""),
        ("r4", 4, "out", ""),
    ]
    (report,) = sink.reports
    assert report.exit is ExitCode.OK
    assert report.coverage == Coverage(asked=15, answered=14)
    assert isinstance(report.view, FleetHealth)
    summary = report.summary
    assert summary["conditions"]["fault"] == 1
    assert summary["sweep"]["id"] == "s2"
    assert [one["check"] for one in summary["incidents"]] == ["gpu-lost"]
    assert {(one["kind"], one["nodes"]) for one in summary["changes"]} == {
        ("new", "r1n1"),
        ("new", "r2n1"),
        ("cleared", "r3n1"),
    }
    assert dumps([*sink.items, summary]), "all of it is JSON"


def test_every_node_is_in_exactly_one_count_of_the_items(tools: FakeToolbox) -> None:
    for by in (By.RACK, By.SU, By.STATE, By.RESULT, By.HALL):
        items = reported(tools, by=by).items
        counted = [
            sum(
                item[one]
                for one in ("ok", "watch", "degraded", "fault", "unknown", "unreachable", "stale", "unseen", "out")
            )
            for item in items
        ]
        assert counted == [item["nodes_count"] for item in items]
        assert sum(counted) == 16


def test_by_node_and_on_a_map_each_node_is_an_item_with_what_stands_about_it(tools: FakeToolbox) -> None:
    for asked in ({"by": By.NODE}, {"is_map": True}):
        sink = reported(tools, **asked)
        items: Mapping[str, Any] = {item["node"]: item for item in sink.items}
        assert sink.heads[0].kind is NODE_STATUS
        assert sorted(items) == sorted(ALL)
        assert [one["check"] for one in items["r1n1"]["findings"]] == ["gpu-lost"]
        assert (items["r2n1"]["condition"], items["r2n1"]["message"]) == ("unreachable", "no answer in 10 s")
        assert items["r4n4"]["state"] == "repair"


def test_without_being_told_it_groups_by_what_the_inventory_knows(tools: FakeToolbox) -> None:
    assert [item["group"] for item in reported(tools).items] == ["su1", "su2"]


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("", 0), ("fault", 1), ("degraded", 1), ("unreachable", 1), ("watch", 1), ("new", 1)],
)
def test_it_ends_with_1_only_where_it_is_asked_to(tools: FakeToolbox, fail_on: str, code: int) -> None:
    assert reported(tools, fail_on=fail_on).reports[0].code == code


@pytest.mark.parametrize(
    ("selector", "fail_on", "code"),
    [
        ("@rack:r2", "fault", 0),
        ("@rack:r2", "unreachable", 1),
        ("@rack:r2", "unknown", 1),
        ("@rack:r3", "watch", 0),
        ("@rack:r3", "new", 0),
        ("r4n4", "watch", 0),
    ],
)
def test_only_the_chosen_nodes_count_and_who_is_out_never_does(
    tools: FakeToolbox, selector: str, fail_on: str, code: int
) -> None:
    assert reported(tools, selector, fail_on=fail_on).reports[0].code == code


def test_who_was_not_looked_at_fails_on_unseen(tmp_path: Path) -> None:
    assert reported(toolbox(tmp_path), fail_on="unseen").reports[0].code == 1
    assert not reported(toolbox(tmp_path)).reports[0].complete


def test_what_it_does_not_know_is_a_usage_error(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match=r"--fail-on 'bad'.*fault"):
        StatusAsked(chosen=Chosen(selector="@all"), fail_on="bad")
    with pytest.raises(UsageError, match=r"--by 'shelf'.*rack"):
        parse_by("shelf")
    with pytest.raises(EmptySelectionError):
        reported(tools, "@state:drained")
    assert "ok" not in FAIL_ON


def test_states_of_the_store_are_what_selectors_and_groups_go_by(tools: FakeToolbox) -> None:
    assert [item["group"] for item in reported(tools, "@state:repair", by=By.STATE).items] == ["repair"]
