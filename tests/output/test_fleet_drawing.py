"""The fleet on a terminal: it fits, whatever its width; it says everything without colour; nothing in it is obeyed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from aifctl.core.report import Head, Kind, Report
from aifctl.diagnosis.fleet_groups import By
from aifctl.diagnosis.fleet_health import Condition, FleetHealth, NodeHealth, Place
from aifctl.output.ages import show_age
from aifctl.output.fleet_drawing import FleetDrawing
from aifctl.output.fleet_map import map_halls, map_lines
from aifctl.output.fleet_style import COLOURS, LETTERS, letter_of, meaning_of
from aifctl.output.format import Page
from aifctl.output.style import Style, width_of
from aifctl.output.terminal import TerminalFacts
from tests.diagnosis.fleet_healths import NOW_S, empty_fleet, healthy_fleet, incident, node, sick_fleet

_KIND = Kind(name="Status", columns=())
_SGR = re.compile(r"\x1b\[[0-9;]*m")


def terminal(width: int = 80, *, colour: bool = False) -> TerminalFacts:
    return TerminalFacts(is_terminal=True, width=width, colour=colour, moves=True)


def drawn(
    health: FleetHealth,
    facts: TerminalFacts,
    *,
    by: By = By.RACK,
    is_map: bool = False,
    is_wide: bool = False,
    height: int | None = None,
) -> list[str]:
    drawing = FleetDrawing(page=Page(terminal=facts, height=height), is_map=is_map, is_wide=is_wide)
    list(drawing.open(Head(kind=_KIND, facts={"by": by.value})))
    return "".join(drawing.close(Report(view=health))).splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("health", [sick_fleet(), healthy_fleet(), empty_fleet()], ids=["sick", "healthy", "unseen"])
def test_no_line_is_wider_than_the_terminal(width: int, by: By, health: FleetHealth) -> None:
    for is_map in (False, True):
        for line in drawn(health, terminal(width), by=by, is_map=is_map):
            assert width_of(line) <= width, line


def test_colour_changes_no_letter() -> None:
    for is_map in (False, True):
        plain = drawn(sick_fleet(), terminal(), is_map=is_map)
        coloured = drawn(sick_fleet(), terminal(colour=True), is_map=is_map)
        assert [_SGR.sub("", line) for line in coloured] == plain
        assert any("\x1b[1;31m" in line for line in coloured)


def test_every_condition_has_a_letter_of_its_own_and_a_colour() -> None:
    nodes = [node("r1n1", one, state=state) for one in Condition for state in ("ready", "drained")]
    meanings = {letter_of(one): meaning_of(one) for one in nodes}
    assert len(set(LETTERS.values())) == len(Condition) == len(COLOURS)
    assert len(meanings) == len(set(meanings.values())) == len(Condition) + 5
    assert all(letter.isascii() and letter.isprintable() for letter in meanings)


places = st.tuples(st.sampled_from(["", "h1", "h2"]), st.integers(0, 3), st.integers(0, 6))


@given(those=st.lists(places, max_size=120), width=st.integers(24, 130))
def test_the_map_has_one_letter_for_each_node_at_any_width(those: list[tuple[str, int, int]], width: int) -> None:
    nodes = tuple(
        NodeHealth(
            node=f"n{at}",
            condition=Condition.FAULT,
            place=Place(hall=hall, su=f"su{su}" if su else "", rack=f"r{su}-{rack}" if rack else ""),
        )
        for at, (hall, su, rack) in enumerate(those)
    )
    health = FleetHealth(at_s=NOW_S, nodes=nodes)
    lines = list(map_lines(health, Style(terminal(width))))
    assert all(len(line) <= width for line in lines), lines
    assert "".join(lines).count("F") == len(nodes) + bool(nodes), "once more in the legend"
    placed = [one.node for _, rows in map_halls(health) for row in rows for rack in row.racks for one in rack]
    assert sorted(placed) == sorted(one.node for one in nodes)


def test_a_node_stands_by_its_unit_and_small_racks_share_the_row_of_their_su() -> None:
    def placed(name: str, rack: str, unit: int, condition: Condition = Condition.OK) -> NodeHealth:
        return NodeHealth(node=name, condition=condition, place=Place(rack=rack, su="su1", unit=unit))

    nodes = (
        placed("a", "r1", 30, Condition.FAULT),
        placed("b", "r1", 10),
        placed("c", "r2", 5, Condition.WATCH),
        placed("d", "r10", 5, Condition.UNSEEN),
    )
    (row, _) = map_lines(FleetHealth(at_s=NOW_S, nodes=nodes), Style(terminal()))
    assert row == "su1 .F W -"


def test_6250_nodes_are_a_handful_of_screens() -> None:
    nodes = tuple(
        NodeHealth(
            node=f"r{rack:04}n{at}", condition=Condition.OK,
            place=Place(rack=f"r{rack:04}", su=f"su{rack // 8:03}", hall=f"h{rack // 400}"),
        )
        for rack in range(1563)
        for at in range(4)
    )  # fmt: skip
    health = FleetHealth(at_s=NOW_S, nodes=nodes[:6250])
    assert len(drawn(health, terminal(), is_map=True)) < 220
    assert len(drawn(health, terminal(200), is_map=True)) < 70
    assert len(drawn(health, terminal(40), is_map=True)) < 220, "without gaps between racks a row still fits"


def test_a_drawing_in_place_is_no_higher_than_the_window_and_says_what_is_missing() -> None:
    lines = drawn(sick_fleet(), terminal(), height=10)
    whole = drawn(sick_fleet(), terminal())
    assert lines[:9] == whole[:9]
    assert len(lines) == 10
    assert f"{len(whole) - 9} more lines" in lines[-1]


def test_quiet_groups_share_a_line_but_not_where_everything_was_asked_for() -> None:
    nodes = tuple(node(f"r{rack}n{at}", Condition.OK) for rack in range(1, 21) for at in range(4))
    health = FleetHealth(at_s=NOW_S, nodes=(replace(nodes[0], condition=Condition.FAULT), *nodes[1:]))
    short = drawn(health, terminal(200), by=By.RACK)
    assert short[-1] == "r[2-20]: 76 nodes in 19 groups, all ok"
    assert len(drawn(health, terminal(200), by=By.RACK, is_wide=True)) == len(short) + 18


def test_nodes_that_are_ok_share_a_line_behind_those_that_are_not() -> None:
    assert drawn(healthy_fleet(), terminal(), by=By.NODE)[-1] == "4 nodes, all ok"
    lines = drawn(sick_fleet(), terminal(), by=By.NODE)
    assert lines[-1] == "22 more nodes, all ok"
    assert [line.split()[0] for line in lines[-11:-1]] == [
        "r2n1", "r2n3", "r2n2", "r3n1", "r3n2", "r3n3", "r3n4", "r4n8", "r3n5", "r3n6",
    ]  # fmt: skip


def test_the_worst_group_stands_first_and_a_file_gets_all_of_them() -> None:
    lines = drawn(sick_fleet(), TerminalFacts())
    at = next(number for number, line in enumerate(lines) if line.startswith("rack "))
    assert [line.split()[0] for line in lines[at + 1 :]] == ["r2", "r3", "r4", "r1"]


def test_incidents_that_are_alike_on_single_nodes_are_told_once_with_all_their_numbers() -> None:
    alone = [incident(at, scope_value=f"r1n{at}", nodes=(f"r1n{at}",)) for at in (3, 4, 5, 9)]
    rack = incident(20, scope="rack", scope_value="r1", nodes=("r1n1", "r1n2"))
    text = "\n".join(drawn(replace(sick_fleet(), incidents=(*alone, rack)), terminal()))
    assert "#3-5,9 fault gpu-lost on 4 nodes r1n[3-5,9]" in text
    assert "#20 fault rack r1: gpu-lost, 2 nodes r1n[1-2]" in text


def test_too_old_a_sweep_is_said_to_say_nothing_of_now() -> None:
    late = replace(healthy_fleet(), at_s=NOW_S + 3 * 3600)
    assert any("TOO OLD" in line for line in drawn(late, TerminalFacts()))
    assert any("nobody has looked" in line for line in drawn(empty_fleet(), TerminalFacts()))


def test_a_sweep_that_never_ended_is_told_from_one_that_goes_on() -> None:
    def going_on(age_s: float) -> str:
        fleet = healthy_fleet()
        return "\n".join(drawn(replace(fleet, going_on_since_s=NOW_S - age_s), TerminalFacts()))

    assert "a sweep is going on since 60 s" in going_on(60)
    assert "has never ended" in going_on(3 * 3600)


def test_while_the_first_sweep_goes_on_nobody_says_that_nobody_has_looked() -> None:
    first = replace(healthy_fleet(), sweep=None, going_on_since_s=NOW_S - 60)
    told = "\n".join(drawn(first, TerminalFacts()))
    assert "no sweep has ended yet: 4 of 4 nodes were looked at" in told
    assert "a sweep is going on since 60 s" in told


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (45, "45 s"), (600, "10 min"), (5399, "90 min"), (7500, "2 h 05 min"), (4 * 86400 + 7200, "4 d 2 h")],
)
def test_ages_are_told_in_the_unit_that_says_most(seconds: float, text: str) -> None:
    assert show_age(seconds) == text
