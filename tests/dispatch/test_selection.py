"""From a selector to the nodes a verb acts on, with those it leaves out and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, EmptySelectionError, RefusedError, UnknownNodeError, UsageError
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import Nodes, by_reason, choose, choose_for, said_by_reason, sort_out
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.selector import Terms
from tests.fakes.toolbox import FakeToolbox, racks, toolbox


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(2, nodes_count=3))


def chosen(tools: FakeToolbox, selector: str | None, **more: object) -> tuple[str, ...]:
    return choose(Chosen(selector=selector, **more), tools.fleet, tools)  # type: ignore[arg-type]


def test_no_selector_is_everybody_and_an_empty_one_is_a_mistake(tools: FakeToolbox) -> None:
    assert len(chosen(tools, None)) == 6
    for mistake in ({"selector": ""}, {"selector": "@all", "exclude": ""}):
        with pytest.raises(UsageError, match="the selector is empty"):
            chosen(tools, **mistake)


def test_where_no_node_is_named_at_all_the_place_that_should_name_some_is_said(tmp_path: Path) -> None:
    nobody = toolbox(tmp_path, Fleet.from_nodes([], origin="hostfile hosts"))
    for selector in (None, "@all", "n1"):
        with pytest.raises(EmptySelectionError, match="hostfile hosts names no node"):
            chosen(nobody, selector)


def test_exclude_comes_before_first(tools: FakeToolbox) -> None:
    assert chosen(tools, "@all", exclude="r1n1", first=2) == ("r1n2", "r1n3")


def test_excluding_an_empty_term_excludes_nobody_and_excluding_all_is_a_mistake(tools: FakeToolbox) -> None:
    assert len(chosen(tools, "@all", exclude="@state:drained")) == 6
    with pytest.raises(EmptySelectionError):
        chosen(tools, "@all", exclude="@rack:r1,@rack:r2")
    assert chosen(tools, "@all", exclude="@all", allow_empty=True) == ()


def test_to_allow_an_empty_term_is_suggested_only_where_the_command_has_the_option(tools: FakeToolbox) -> None:
    for allow_empty, suggested in ((False, True), (None, False)):
        with pytest.raises(EmptySelectionError, match="@state:drained is empty now") as told:
            chosen(tools, "@state:drained", allow_empty=allow_empty)
        assert ("--allow-empty" in str(told.value)) is suggested


def test_terms_are_looked_up_where_the_toolbox_says(tools: FakeToolbox) -> None:
    tools.terms = Terms(read_file={"names": "r1n[1-2]\nr2n1"}.__getitem__)
    assert chosen(tools, "@file:names ! r1n1") == ("r1n2", "r2n1")


@pytest.mark.parametrize(("file", "hint"), [("r1n", True), ("other", False)])
def test_an_unknown_name_that_is_a_file_here_was_put_there_by_the_shell(
    tools: FakeToolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, *, hint: bool
) -> None:
    (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as told:
        chosen(tools, "r1n")
    assert ("quotes" in str(told.value)) is hint
    assert isinstance(told.value, UnknownNodeError) is not hint


def test_a_selector_longer_than_any_file_name_is_no_bug(tools: FakeToolbox) -> None:
    with pytest.raises(UnknownNodeError):
        chosen(tools, ",".join(["r1n1"] * 2000) + ",x")


def test_a_verb_skips_what_its_table_says_and_tells_why() -> None:
    fleet = racks(1, nodes_count=4, states={"r1n1": State.REPAIR, "r1n2": State.DRAINED}, off=["r1n3"])
    assert sort_out("run", fleet.names, fleet) == Nodes(
        names=("r1n2", "r1n4"), skipped=(("r1n1", "repair"), ("r1n3", "off"))
    )
    widened = sort_out("run", fleet.names, fleet, include_states=("repair", "off"))
    assert widened == Nodes(names=fleet.names)


def test_where_all_are_skipped_the_verb_is_refused_and_where_nobody_is_selected_it_is_not() -> None:
    fleet = racks(1, nodes_count=2, off=["r1n1", "r1n2"])
    with pytest.raises(RefusedError, match=r"2 off \(r1n\[1-2\]\).*--include-state"):
        sort_out("run", fleet.names, fleet)
    assert sort_out("run", (), fleet) == Nodes(names=())


def test_one_node_that_a_verb_refuses_stops_it() -> None:
    fleet = racks(1, nodes_count=3, states={"r1n2": State.ALLOCATED, "r1n3": State.DRAINING})
    with pytest.raises(BusyError, match=r"1 allocated \(r1n2\), 1 draining \(r1n3\)"):
        sort_out("reboot", fleet.names, fleet)
    assert sort_out("run", fleet.names, fleet).names == fleet.names


def test_an_unknown_state_is_a_mistake_with_the_nearest(tools: FakeToolbox) -> None:
    with pytest.raises(UsageError, match="did you mean repair"):
        choose_for("run", Chosen(selector="@all", include_states=("repiar",)), tools.fleet, tools)


def test_many_names_are_folded_and_cut() -> None:
    names = [f"x{number}y" for number in range(0, 400, 2)]
    said = said_by_reason(by_reason(tuple((name, "off") for name in names)))
    assert said.startswith("200 off (x")
    assert len(said) < 250
