from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, Item, Kind, Report
from aifctl.core.state_dir import StateDir
from aifctl.ports.toolbox import Toolbox
from aifctl.sim import processes, verbs
from aifctl.sim.children import end
from aifctl.sim.fault import read_kinds
from aifctl.sim.spec import FleetSpec
from aifctl.sim.verbs import FaultAsked

pytestmark = pytest.mark.ssh


@dataclass
class KeptItems:
    """A sink that remembers."""

    heads: list[Head] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    wants_fields: bool = True
    gone: bool = False

    def accept(self, kind: Kind) -> None:
        """Everything can be shown here."""

    def open(self, head: Head) -> None:
        self.heads.append(head)

    def item(self, item: Item) -> None:
        self.items.append(item)

    def close(self, report: Report) -> None:
        """Nothing to do."""


@dataclass
class OnlyState:
    """As much of a toolbox as these verbs touch."""

    state: StateDir


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Toolbox]:
    made = OnlyState(StateDir(path=tmp_path / "state"))
    yield cast("Toolbox", made)
    for name in processes.names(made.state):
        processes.down(processes.require(made.state, name), made.state)


def test_a_fleet_goes_up_is_shown_gets_ill_is_cured_and_goes_down(tools: Toolbox) -> None:
    sink = KeptItems()
    report = verbs.up(FleetSpec(nodes_count=8, faults=("hang@r001n01",)), tools, sink)
    assert report.exit is ExitCode.OK
    inventory = sink.items[0]["inventory"]
    assert Path(inventory).is_file()
    assert f"aifctl --inventory {inventory} run @all -- uptime" in report.notes[0]

    asked = FaultAsked(plant=("refused@r001n[02-03]", "hang@r002n01"), cure=("hang@r001n01",))
    verbs.fault(asked, tools, sink)
    assert [(item["nodes"], item["change"], item["fault"]) for item in sink.items[1:]] == [
        ("r001n01", "cured", "hang"),
        ("r001n[02-03]", "planted", "refused"),
        ("r002n01", "planted", "hang"),
    ]
    verbs.status(None, tools, sink)
    assert sink.items[-1]["faults"] == "hang@r002n01  refused@r001n[02-03]"
    assert (sink.items[-1]["state"], sink.items[-1]["nodes_count"]) == ("up", 8)

    verbs.fault(FaultAsked(cure=("all",)), tools, sink)
    verbs.status("demo", tools, sink)
    assert sink.items[-1]["faults"] == ""

    verbs.down(None, tools, sink)
    assert sink.items[-1]["state"] == "ended"
    assert not Path(inventory).exists()


def test_a_fleet_that_lost_its_processes_is_shown_as_gone_with_exit_1(tools: Toolbox) -> None:
    sink = KeptItems()
    verbs.up(FleetSpec(nodes_count=2), tools, sink)
    handle = processes.require(tools.state, "demo")
    end(handle.workers)
    report = verbs.status(None, tools, sink)
    assert (report.exit, sink.items[-1]["state"]) == (ExitCode.FINDINGS, "gone")


def test_no_fleet_is_an_empty_answer_and_says_how_to_start_one(tools: Toolbox) -> None:
    report = verbs.status(None, tools, KeptItems())
    assert report.exit is ExitCode.OK
    assert "aifctl sim up" in report.notes[0]


@pytest.mark.parametrize("name", [None, "other"])
def test_ending_a_fleet_that_is_not_there_is_a_usage_error(tools: Toolbox, name: str | None) -> None:
    with pytest.raises(UsageError, match="none is up"):
        verbs.down(name, tools, KeptItems())


def test_asking_for_no_fault_lists_them_all(tools: Toolbox) -> None:
    with pytest.raises(UsageError) as caught:
        verbs.fault(FaultAsked(), tools, KeptItems())
    lines = str(caught.value).splitlines()[1:]
    assert [line.split()[0].split("[")[0].split(":")[0] for line in lines] == list(read_kinds())


def test_columns_of_every_item_are_those_that_its_kind_names(tools: Toolbox) -> None:
    sink = KeptItems()
    verbs.up(FleetSpec(nodes_count=1), tools, sink)
    assert {column.key for column in verbs.FLEET.columns} <= set(sink.items[0])
