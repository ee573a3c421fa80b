from __future__ import annotations

import pytest

from aifctl.core.errors import EmptySelectionError, UsageError
from aifctl.fleet.narrowing import draw, narrow

NAMES = tuple(f"n{number}" for number in range(1, 101))


def test_nothing_asked_leaves_the_names_as_they_are() -> None:
    assert narrow(NAMES) is NAMES
    assert narrow(()) == ()


def test_the_first_are_taken_after_the_exclusion() -> None:
    assert narrow(NAMES, exclude={"n1", "n3", "gone"}, first=3) == ("n2", "n4", "n5")


def test_more_than_there_are_means_all() -> None:
    assert narrow(NAMES, first=1000) == NAMES
    assert narrow(NAMES, sample=1000) == NAMES


def test_excluding_everything_is_an_error_unless_allowed() -> None:
    assert narrow(NAMES, exclude=NAMES, allow_empty=True) == ()
    with pytest.raises(EmptySelectionError, match="leaves none of the 100 selected nodes"):
        narrow(NAMES, exclude=NAMES)


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert draw(NAMES, 5, seed="tuesday") == draw(NAMES, 5, seed="tuesday")
    assert len({draw(NAMES, 5, seed=str(seed)) for seed in range(10)}) == 10


def test_a_sample_is_pinned_so_that_every_machine_and_release_draws_it() -> None:
    assert draw(NAMES, 4, seed="1") == ("n2", "n15", "n17", "n68")


def test_a_sample_keeps_nodeset_order() -> None:
    drawn = draw(NAMES, 20, seed="x")
    assert list(drawn) == sorted(drawn, key=NAMES.index)


def test_a_node_that_leaves_changes_at_most_one_of_the_sample() -> None:
    drawn = set(draw(NAMES, 10, seed="x"))
    for gone in NAMES:
        rest = set(draw(tuple(name for name in NAMES if name != gone), 10, seed="x"))
        assert len(drawn - rest) == (gone in drawn)


def test_every_node_has_its_chance() -> None:
    assert {name for seed in range(200) for name in draw(NAMES, 10, seed=str(seed))} == set(NAMES)


@pytest.mark.parametrize("counts", [{"first": 0}, {"sample": 0}, {"first": -1}])
def test_a_count_below_one_is_an_error(counts: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="would leave no node"):
        narrow(NAMES, first=counts.get("first"), sample=counts.get("sample"))


def test_two_counts_are_an_error() -> None:
    with pytest.raises(UsageError, match="can't both choose"):
        narrow(NAMES, first=1, sample=1)
