from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.node import Node, Rail
from aifctl.output.shared import scopes_of, shared_scopes

NODES = [f"r{rack:03}n{node:02}" for rack in range(40) for node in range(1, 33)]


def scopes(name: str) -> list[tuple[str, str]]:
    rack = int(name[1:4])
    leaves = [("leaf", f"l{rack // 2}-r{rail}") for rail in range(8)]
    return [("rack", f"r{rack:03}"), *leaves, ("feed", f"A{rack % 4}"), ("su", str(rack // 2))]


def outcomes(bad: Callable[[str], bool], outcome: Outcome = Outcome.CONNECT_TIMEOUT) -> list[tuple[str, Outcome]]:
    return [(name, outcome if bad(name) else Outcome.OK) for name in NODES]


def test_a_dead_rack_is_one_sentence_and_not_one_per_leaf() -> None:
    assert shared_scopes(outcomes(lambda name: name.startswith("r012")), scopes) == [
        "all 32 nodes asked in rack r012 are unreachable"
    ]


def test_a_dead_su_is_named_with_the_leaves_of_the_same_nodes_but_not_by_its_racks() -> None:
    assert shared_scopes(outcomes(lambda name: name[1:4] in {"012", "013"}), scopes) == [
        "all 64 nodes asked in SU 6 (leaves l6-r0, l6-r1, l6-r2, l6-r3, l6-r4, l6-r5, l6-r6, l6-r7) are unreachable"
    ]


def test_several_dead_racks_are_named_together() -> None:
    assert shared_scopes(outcomes(lambda name: name[1:4] in {"002", "007", "031"}), scopes) == [
        "all 96 nodes asked in racks r002, r007, r031 are unreachable"
    ]


def test_failures_that_crowd_in_one_place_are_counted_there() -> None:
    def bad(name: str) -> bool:
        return name[:4] == "r012" and int(name[5:]) <= 7

    assert shared_scopes(outcomes(bad), scopes) == ["7 of 7 unreachable nodes stand in rack r012, of 32 asked there"]


def test_failures_behind_one_leaf_of_many_racks_are_blamed_on_the_leaf() -> None:
    def crossing(name: str) -> list[tuple[str, str]]:
        return [("rack", name[:4]), ("leaf", f"l{int(name[5:])}")]

    assert shared_scopes(outcomes(lambda name: name.endswith("n07")), crossing) == [
        "all 40 nodes asked behind leaf l7 are unreachable"
    ]


def test_each_outcome_is_looked_at_for_itself() -> None:
    mixed = [
        (name, Outcome.EXIT if name[:4] == "r003" else Outcome.AUTH if name[:4] == "r009" else Outcome.OK)
        for name in NODES
    ]

    assert shared_scopes(mixed, scopes) == [
        "all 32 nodes asked in rack r009 failed with auth",
        "all 32 nodes asked in rack r003 returned non-zero",
    ]


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 1.0])
def test_failures_all_over_the_fleet_are_blamed_on_no_place(share: float) -> None:
    spread = outcomes(lambda name: (int(name[1:4]) * 32 + int(name[5:])) * 0.618034 % 1 < share)

    assert shared_scopes(spread, scopes) == []


def test_small_samples_blame_no_place() -> None:
    two_of_each = [(name, Outcome.OK if name[1] == "0" else Outcome.LOST) for name in NODES if int(name[5:]) <= 1]

    assert shared_scopes([*two_of_each[:6], (two_of_each[6][0], Outcome.LOST)], scopes) == []


def test_one_failure_has_nothing_to_share() -> None:
    assert shared_scopes(outcomes(lambda name: name == "r012n05"), scopes) == []


def test_where_all_that_was_asked_stands_in_one_place_nothing_is_blamed_on_it() -> None:
    rack = [(name, Outcome.LOST) for name in NODES if name.startswith("r012")]

    assert shared_scopes(rack, scopes) == []


def test_skipped_nodes_are_not_asked() -> None:
    half = [
        (name, Outcome.SKIPPED if name[:4] == "r012" and int(name[5:]) > 16 else outcome)
        for name, outcome in outcomes(lambda name: name.startswith("r012"))
    ]

    assert shared_scopes(half, scopes) == ["all 16 nodes asked in rack r012 are unreachable"]


def test_a_node_is_looked_up_once_and_only_where_something_failed() -> None:
    asked: list[str] = []

    def counted(name: str) -> list[tuple[str, str]]:
        asked.append(name)
        return scopes(name)

    shared_scopes(outcomes(lambda _: False), counted)
    assert asked == []
    shared_scopes(outcomes(lambda name: name.startswith("r012")), counted)
    assert sorted(asked) == NODES


@given(st.sets(st.sampled_from(NODES)))
def test_counts_are_true_whatever_failed(failed: set[str]) -> None:
    for sentence in shared_scopes(outcomes(failed.__contains__), scopes):
        count = int(sentence.removeprefix("all ").split()[0])
        assert 2 <= count <= len(failed)


def test_a_nodes_places_are_its_rack_leaves_feeds_and_su() -> None:
    node = Node(
        endpoint=Endpoint(name="n1", address="10.0.0.1"),
        rack="r1",
        su="3",
        feeds=("A1", "B1"),
        rails=(Rail(index=0, leaf="l1"), Rail(index=1, leaf="l2"), Rail(index=2, leaf="l1"), Rail(index=3)),
    )

    assert list(scopes_of(node)) == [
        ("rack", "r1"),
        ("leaf", "l1"),
        ("leaf", "l2"),
        ("feed", "A1"),
        ("feed", "B1"),
        ("su", "3"),
    ]
