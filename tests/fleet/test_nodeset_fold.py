from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from aifctl.fleet.nodeset import expand, fold, sort_names
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.fleet.nodeset_order import natural_key
from tests.fleet.call_count import calls_of

TEXTS = st.sampled_from(["", "n", "gpu", "-", ".", "_", "a-b", "é", "x.y-", "n%", "=", "#", "/"])
DIGITS = st.one_of(
    st.integers(0, 12).map(str),
    st.integers(0, 120).map(lambda number: f"{number:02}"),
    st.integers(0, 12).map(lambda number: f"{number:03}"),
    st.sampled_from(["0", "00", "000", "9", "09", "99", "100", "1" * 18, "1" * 19, "0" * 25]),
)
NAMES = (
    st.tuples(TEXTS, st.lists(st.tuples(DIGITS, TEXTS), max_size=4))
    .map(lambda parts: parts[0] + "".join(digits + text for digits, text in parts[1]))
    .filter(lambda name: name not in {"", "-"})
)


@given(st.lists(NAMES, max_size=60), st.booleans())
def test_expanding_what_was_folded_gives_the_names_back(names: list[str], slurm: bool) -> None:
    assert sorted(expand(fold(names, slurm=slurm))) == sorted(set(names))


@given(st.lists(NAMES, max_size=30), st.randoms(use_true_random=False))
def test_the_order_and_number_of_the_names_make_no_difference(names: list[str], shuffler: random.Random) -> None:
    shuffled = names * 2
    shuffler.shuffle(shuffled)
    assert fold(shuffled) == fold(names)


@given(st.lists(NAMES, max_size=30))
def test_the_terms_of_a_nodeset_stand_in_nodeset_order(names: list[str]) -> None:
    firsts = [expand(term)[0] for term in _terms(fold(names))]
    assert firsts == sort_names(firsts)


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        ([], ""),
        (["login"], "login"),
        (["n1"], "n1"),
        (["n1", "n3", "n2", "n7"], "n[1-3,7]"),
        (["n08", "n09", "n10", "n11"], "n[08-11]"),
        (["n8", "n9", "n10"], "n[8-10]"),
        (["n1", "n01", "n001"], "n[1,01,001]"),
        (["n01", "n9", "n10", "n100"], "n[01,9,10,100]"),
        (["0", "1", "2"], "[0-2]"),
        (["1a", "2a"], "[1-2]a"),
        (["n1-ib", "n2-ib", "n2"], "n[1-2]-ib,n2"),
        (["r1n1", "r2n1"], "r[1-2]n1"),
        (["n" + "1" * 19, "n" + "1" * 18 + "2"], "n" + "1" * 19 + ",n" + "1" * 18 + "2"),
    ],
)
def test_names_fold_as_a_person_would_write_them(names: list[str], folded: str) -> None:
    assert fold(names) == folded


def test_a_full_grid_folds_to_one_product() -> None:
    assert fold(f"r{rack:02}n{node:02}" for rack in range(1, 13) for node in range(1, 33)) == "r[01-12]n[01-32]"


def test_a_full_grid_in_three_dimensions_folds_to_one_product() -> None:
    names = [f"su{su}-r{rack}-n{node}" for su in range(4) for rack in range(4) for node in range(4)]
    assert fold(names) == "su[0-3]-r[0-3]-n[0-3]"


def test_rows_with_the_same_holes_share_one_term() -> None:
    names = [f"r{rack}n{node}" for rack in range(1, 5) for node in range(1, 9) if (rack == 2) != (node == 5)]
    assert fold(names) == "r[1,3-4]n5,r2n[1-4,6-8]"


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        (["n1"], "n1"),
        (["n1", "n2"], "n[1-2]"),
        (["r1n1", "r2n1"], "r[1-2]n[1]"),
        (["r1n1", "r1n2"], "r1n[1-2]"),
        (["n1-ib", "n2-ib"], "n1-ib,n2-ib"),
    ],
)
def test_for_slurm_nothing_follows_the_last_bracket(names: list[str], folded: str) -> None:
    assert fold(names, slurm=True) == folded


def test_for_slurm_no_range_holds_more_than_65536_names() -> None:
    assert fold((f"n{number}" for number in range(100_000)), slurm=True) == "n[0-65535],n[65536-99999]"


def test_folding_never_writes_steps() -> None:
    assert "/" not in fold(f"n{number}" for number in range(0, 100, 2))


def test_folding_a_half_empty_grid_takes_few_calls_for_each_name() -> None:
    chosen = random.Random(7)  # noqa: S311 - which half is the test's
    names = [f"r{rack:04}n{node:02}" for rack in range(400) for node in range(32) if chosen.random() < 0.5]
    assert calls_of(lambda: fold(names)) < 20 * len(names)


@pytest.mark.parametrize("suffix", ["", ".internal"])
def test_twice_as_many_irregular_names_take_twice_the_work(suffix: str) -> None:
    chosen = random.Random(7)  # noqa: S311 - which names is the test's

    def name() -> str:
        numbers = "-".join(str(chosen.randrange(256)) for _ in range(4))
        return f"ip-{numbers}.az{chosen.randrange(4)}{suffix}"

    names = [name() for _ in range(4000)]
    assert calls_of(lambda: fold(names)) < 2.2 * calls_of(lambda: fold(names[:2000]))


def _terms(folded: str) -> list[str]:
    """Split at the commas outside brackets."""
    terms, depth = [""], 0
    for character in folded:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and not depth:
            terms.append("")
        else:
            terms[-1] += character
    return [term for term in terms if term]


def test_sorting_asks_for_each_key_once() -> None:
    names = [f"n{number}" for number in range(1000, 0, -1)]
    assert calls_of(lambda: sort_names(names)) < 20 * len(names)
    assert natural_key("n1") < natural_key("n2")


def test_a_nodeset_in_a_sentence_is_cut_and_says_so_by_a_dot_dot_dot() -> None:
    assert fold_short(f"n{number}" for number in range(1, 10)) == "n[1-9]"
    scattered = [f"n{number}" for number in range(0, 400, 2)]
    assert fold_short(scattered) == f"{fold(scattered)[:200]}…"
