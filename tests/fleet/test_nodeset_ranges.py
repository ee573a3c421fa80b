from __future__ import annotations

import pytest
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetException
from hypothesis import example, given, strategies as st

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.fleet.nodeset import MOST_NAMES, expand, fold, is_name
from tests.fleet.call_count import calls_of

NUMBERS = st.one_of(
    st.integers(0, 130).map(str),
    st.integers(0, 130).map(lambda number: f"{number:02}"),
    st.integers(0, 30).map(lambda number: f"{number:03}"),
)
SPACES = st.sampled_from(["", "", "", " "])
SPANS = st.one_of(
    NUMBERS,
    st.tuples(NUMBERS, SPACES, SPACES, NUMBERS).map(lambda span: f"{span[0]}{span[1]}-{span[2]}{span[3]}"),
    st.tuples(NUMBERS, NUMBERS, st.integers(0, 12)).map(lambda span: f"{span[0]}-{span[1]}/{span[2]}"),
    st.tuples(st.integers(-12, 12), st.integers(-12, 12)).map(lambda span: f"{span[0]}-{span[1]}"),
    st.integers(-12, 12).map(str),
)
AXES = st.lists(SPANS, min_size=1, max_size=3).map(lambda spans: f"[{','.join(spans)}]")
TEXTS = st.sampled_from(["n", "r", "-", "a.b", "-ib", "n1", "n10", "0", "1", "00", "_x"])
TERMS = st.lists(st.one_of(AXES, TEXTS), min_size=1, max_size=4).map("".join)
NODESETS = st.lists(TERMS, min_size=1, max_size=3).map(",".join)


def read_by_clustershell(text: str) -> set[str] | None:
    try:
        return set(NodeSet(text, resolver=RESOLVER_NOGROUP))
    except (NodeSetException, ValueError):  # it means its own exceptions, but lets some of int() through
        return None


def read(text: str) -> set[str] | None:
    try:
        return set(expand(text))
    except NodeSetSyntaxError:
        return None


@given(NODESETS)
@example("n1[8-12]")
@example("n1[8,9-12]")
@example("n1[8-9,10-12],n1[1-9/4]")
@example("n1[08-12]5")
@example("n1[8-12]5")
@example("n[1-9/4]a[0-2]0")
@example("n[-3--1]")
def test_a_nodeset_means_what_clustershell_reads_in_it(text: str) -> None:
    theirs = read_by_clustershell(text)
    if theirs is not None and not _means_something_else(text):
        assert read(text) == theirs


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("n1[-1-2]", "the minus would move in front of the 1: n-11 to n12"),
        ("n[0-1-2]", "the 0 would be ignored"),
        ("n[1_0-12]", "Python's spelling of numbers, not the operators'"),
        ("n[+1-3]", "Python's spelling of numbers, not the operators'"),
        ("n[\N{ARABIC-INDIC DIGIT THREE}-4]", "digits that no node name has"),
        ("n1 n2", "a node with a space in its name"),
    ],
)
def test_what_clustershell_reads_in_spite_of_itself_is_an_error_here(text: str, why: str) -> None:
    assert read_by_clustershell(text) is not None, why
    assert read(text) is None, why


@given(NODESETS)
def test_what_is_folded_is_read_by_clustershell_as_well(text: str) -> None:
    names = read(text) or set()
    for slurm in (False, True):
        assert (read_by_clustershell(fold(names, slurm=slurm)) or set()) == {name for name in names if name}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("n1", ["n1"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[08-10]", ["n08", "n09", "n10"]),
        ("n[1-9/4]", ["n1", "n5", "n9"]),
        ("n[3,1-2]", ["n3", "n1", "n2"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
        ("n0[0-1],x", ["n00", "n01", "x"]),
        ("n[1-2]5", ["n15", "n25"]),
        ("n[1-2][3-4]", ["n13", "n14", "n23", "n24"]),
        (" a , b[1-2] ", ["a", "b1", "b2"]),
        ("n[1,1]", ["n1", "n1"]),
    ],
)
def test_names_come_in_the_order_written_the_last_axis_fastest(text: str, names: list[str]) -> None:
    assert expand(text) == names


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("a,,b", 2, "a name is missing before the comma"),
        (",a", 0, "a name is missing before the comma"),
        ("a,", 1, "nothing follows the last comma"),
        ("a, ", 1, "nothing follows the last comma"),
        ("a b", 2, "write a comma between two names"),
        ("a!b", 1, "'!' has no place"),
        ("n[1-3", 1, "'[' is never closed"),
        ("n1]", 2, "']' closes no bracket"),
        ("n[1[2]]", 3, "a bracket stands inside a bracket"),
        ("n[]", 2, "a range is missing"),
        ("n[1,]", 4, "a range is missing"),
        ("n[1,x]", 4, "'x' is not a range"),
        ("n[1, 5-3]", 5, "the range 5-3 runs backwards; write 3-5"),
        ("n[01-3]", 2, "differ in width; write 01-03"),
        ("n[1-03]", 2, "differ in width; write 01-03"),
        ("n[1-5/0]", 2, "a step of 0 never ends"),
        ("n[5/2]", 2, "the step /2 makes no sense"),
        ("n[-01-2]", 2, "numbers below zero can't be"),
        ("a,n1[-1-2]", 5, "a range below zero can't stand beside digits"),
        ("n0[8-12]", 3, "the ends of 08-012 differ in width"),
        (f"n[{'1' * 101}]", 2, "more than 100 digits"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, column: int, sentence: str) -> None:
    with pytest.raises(NodeSetSyntaxError) as caught:
        expand(text)
    assert sentence in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "most_calls"),
    [
        ("n[1-1000001]", 2000),
        ("n[1-99999999999999999999]", 2000),
        ("n[1-600000,1-600000]", 2000),
        ("n12345[9-10]", 2000),
        ("r[1-2000]n[1-1000]" + "x[1-900000]" * 1000, 50_000),
        ("n[1-600000],m[1-600000]", 1_300_000),
        ("x" * 1000 + "[1-100000]", 200_000),
    ],
)
def test_more_than_a_million_names_are_an_error_and_are_never_made(text: str, most_calls: int) -> None:
    def refused() -> None:
        with pytest.raises(NodeSetSyntaxError, match=f"more than {MOST_NAMES:,} names"):
            expand(text)

    assert calls_of(refused) < most_calls


def test_the_message_about_a_long_nodeset_shows_what_is_near_the_mistake() -> None:
    with pytest.raises(NodeSetSyntaxError) as caught:
        expand("n[" + ",".join(str(number) for number in range(1, 20_000, 2)) + ",9-8]")
    assert len(str(caught.value)) < 400
    assert "19999,9-8]" in str(caught.value)


@pytest.mark.parametrize("name", ["n1", "a-b.c_d", "é", "n%1", "a=b", "-a", "not"])
def test_what_a_nodeset_can_hold_is_a_name(name: str) -> None:
    assert is_name(name)
    assert expand(name) == [name]


@pytest.mark.parametrize(
    "text", ["", "-", "@a", "a b", "a,b", "a!b", "n[1]", "n*", "n?", "a(b", "a&b", "a^b", "a\x1b", "a\n"]
)
def test_what_a_nodeset_cannot_hold_is_no_name(text: str) -> None:
    assert not is_name(text)


def _means_something_else(text: str) -> bool:
    """Whether it is noise: a double minus, a range below zero beside digits, a padded zero that ends an unpadded range."""
    if "--" in text:
        return True
    try:
        expand(text)
    except NodeSetSyntaxError as problem:
        return "below zero" in str(problem) or "differ in width; write" in str(problem)
    return False
