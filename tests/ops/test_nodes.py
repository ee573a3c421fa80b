"""nodes and find."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import EmptySelectionError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.dispatch.asked import Chosen
from aifctl.fleet.lifecycle import State
from aifctl.ops.nodes import NodesAsked, find, nodes
from tests.fakes.toolbox import racks, toolbox
from tests.ops.run_fakes import ListSink


def listed(tmp_path: Path, *where: str, counting: bool = False, selector: str = "@all") -> list[str]:
    sink = ListSink()
    tools = toolbox(tmp_path, racks(2, nodes_count=2, states={"r1n1": State.DRAINED}))
    report = nodes(NodesAsked(chosen=Chosen(selector=selector), where=where, counting=counting), tools, sink)
    assert report.summary["nodes_count"] == len(sink.items)
    return [item["node"] for item in sink.items]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ((), ["r1n1", "r1n2", "r2n1", "r2n2"]),
        (("state=drained",), ["r1n1"]),
        (("rack=r2", "node=*n2"), ["r2n2"]),
        (("state=*",), ["r1n1", "r1n2", "r2n1", "r2n2"]),
    ],
)
def test_conditions_all_hold_and_are_globs(tmp_path: Path, where: tuple[str, ...], names: list[str]) -> None:
    assert listed(tmp_path, *where) == names


def test_nobody_is_an_error_unless_nodes_are_counted(tmp_path: Path) -> None:
    assert listed(tmp_path, "state=repair", counting=True) == []
    assert listed(tmp_path, selector="@state:repair", counting=True) == []
    with pytest.raises(EmptySelectionError, match="state=repair"):
        listed(tmp_path, "state=repair")


@pytest.mark.parametrize(("condition", "says"), [("drained", "KEY=GLOB"), ("stat=x", "did you mean state")])
def test_a_condition_that_cannot_hold_is_a_mistake_even_when_counting(
    tmp_path: Path, condition: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        listed(tmp_path, condition, counting=True)


def test_names_alone_cost_no_columns(tmp_path: Path) -> None:
    sink = ListSink(wants_fields=False)
    nodes(NodesAsked(chosen=Chosen(selector="r1n1")), toolbox(tmp_path), sink)
    assert sink.items == [{"node": "r1n1"}]


def test_looking_is_done_with_the_last_good_inventory(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(1, nodes_count=1), known=racks(1, nodes_count=3))
    sink = ListSink()
    nodes(NodesAsked(chosen=Chosen(selector="@all")), tools, sink)
    assert len(sink.items) == 3


def test_find_tells_what_the_text_is_and_where_the_node_stands(tmp_path: Path) -> None:
    sink = ListSink()
    report = find("R1N2", toolbox(tmp_path, racks(1, nodes_count=2, off=["r1n2"])), sink)
    assert report.exit is ExitCode.OK
    assert {(item["node"], item["rack"], item["state"]) for item in sink.items} == {("r1n2", "r1", "off")}
    assert [item["what"] for item in sink.items] == ["name", "address"]


def test_finding_nothing_is_1_with_a_sentence(tmp_path: Path) -> None:
    report = find("nowhere", toolbox(tmp_path), ListSink())
    assert report.exit is ExitCode.FINDINGS
    assert "nowhere" in report.notes[0]
