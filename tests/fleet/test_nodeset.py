from __future__ import annotations

import pytest

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.fleet.nodeset import NodeSet, sort_names


def test_names_stand_in_nodeset_order_whatever_their_order_was() -> None:
    assert sort_names(["r10n1", "r2n10", "r2n9", "login", "r2n09", "a-2", "a-10", "1", "01"]) == [
        "1",
        "01",
        "a-2",
        "a-10",
        "login",
        "r2n9",
        "r2n09",
        "r2n10",
        "r10n1",
    ]


def test_less_padding_comes_first_where_numbers_are_equal() -> None:
    assert sort_names(["n001", "n1", "n2", "n01"]) == ["n1", "n01", "n001", "n2"]


def test_a_run_of_digits_beyond_python_s_limit_still_sorts() -> None:
    monster = "n" + "9" * 5000
    assert sort_names([monster, "n2", monster + "x"]) == ["n2", monster, monster + "x"]


def test_a_nodeset_holds_each_name_once_and_in_order() -> None:
    nodes = NodeSet.of(["n10", "n2", "n10"])
    assert list(nodes) == ["n2", "n10"]
    assert len(nodes) == 2
    assert "n10" in nodes
    assert "n1" not in nodes


def test_a_nodeset_reads_and_writes_its_text() -> None:
    assert str(NodeSet.parse("r[1-2]n[02,01],login")) == "login,r[1-2]n[01-02]"
    assert str(NodeSet()) == ""


def test_nodesets_that_hold_the_same_names_are_equal_and_hash_alike() -> None:
    assert NodeSet.parse("n[1-3]") == NodeSet.parse("n3,n1,n2")
    assert len({NodeSet.parse("n[1-3]"), NodeSet.parse("n3,n1,n2")}) == 1


def test_nodesets_combine_as_sets_do() -> None:
    left, right = NodeSet.parse("n[1-3]"), NodeSet.parse("n[3-4]")
    assert str(left | right) == "n[1-4]"
    assert str(left - right) == "n[1-2]"
    assert str(left & right) == "n3"
    assert str(left ^ right) == "n[1-2,4]"


def test_a_nodeset_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        NodeSet().names = ("n1",)  # type: ignore[misc]


def test_a_nodeset_that_does_not_parse_says_where() -> None:
    with pytest.raises(NodeSetSyntaxError, match="column 3"):
        NodeSet.parse("n1]")
