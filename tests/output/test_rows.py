"""Rows: which columns there are, and what a person sees of them."""

from __future__ import annotations

from dataclasses import replace

from aifctl.core.report import Column, Head, Item, Kind, Report
from aifctl.output.format import Page, whole_text
from aifctl.output.rows import _ROWS_FOR_RICH, Rows, Text, shown_columns
from aifctl.output.terminal import TerminalFacts

_KIND = Kind(
    name="Node",
    columns=(
        Column(key="node", title="node"),
        Column(key="unit", title="U", right=True),
        Column(key="address", title="address", wide=True),
    ),
)
_FILE = Kind(name="File", columns=(), text="text")
_ITEMS: tuple[Item, ...] = ({"node": "n1", "unit": 3, "address": "10.0.0.1"}, {"node": "n10", "unit": 12})


def rows(*items: Item, is_wide: bool = False, kind: Kind = _KIND, **facts: bool | int) -> str:
    page = Page(terminal=TerminalFacts(**facts))  # type: ignore[arg-type]
    return "".join(whole_text(Rows(page, is_wide), Head(kind=kind), items, Report()))


def text(content: str, *, is_terminal: bool = False) -> str:
    page = Page(terminal=TerminalFacts(is_terminal=is_terminal))
    return "".join(whole_text(Text(page), Head(kind=_FILE), [{"text": content}], Report()))


def test_wide_columns_are_shown_to_those_who_ask() -> None:
    assert [column.key for column in shown_columns(_KIND, is_wide=False)] == ["node", "unit"]
    assert [column.key for column in shown_columns(_KIND, is_wide=True)] == ["node", "unit", "address"]


def test_in_a_pipe_rows_are_aligned_numbers_to_the_right_and_nothing_is_cut() -> None:
    long = "n" * 300
    assert rows(*_ITEMS).splitlines() == ["node      U", "n1        3", "n10      12"]
    assert long in rows({"node": long, "unit": 1})


def test_a_column_of_an_item_that_lacks_it_holds_a_dash() -> None:
    assert rows(*_ITEMS, is_wide=True).splitlines()[2].split() == ["n10", "12", "-"]


def test_on_a_terminal_that_is_too_narrow_names_stay_whole() -> None:
    assert "n" * 60 in rows({"node": "n" * 60, "unit": 1}, is_terminal=True, width=40).splitlines()


def test_many_rows_are_cut_to_the_terminal() -> None:
    many = [{"node": "n" * 60, "unit": 1}] * (_ROWS_FOR_RICH + 1)
    lines = rows(*many, is_terminal=True, width=40).splitlines()
    assert len(lines) > _ROWS_FOR_RICH
    assert max(map(len, lines)) <= 40


def test_rows_that_are_alike_but_for_the_node_share_one_and_the_fewest_come_first() -> None:
    kind = replace(_KIND, merges=True)
    items = [{"node": f"n{number}", "unit": 3, "address": "a"} for number in range(1, 9)]
    items[3] = {"node": "n4", "unit": 7, "address": "a"}
    assert [line.split() for line in rows(*items, kind=kind).splitlines()[1:]] == [["n4", "7"], ["n[1-3,5-8]", "3"]]
    assert len(rows(*items, kind=kind, is_wide=True).splitlines()) == 9


def test_a_shared_row_of_a_long_nodeset_says_how_many_nodes_it_is() -> None:
    kind = replace(_KIND, merges=True)
    odd = [{"node": f"rack{number:03}node{number * 7:05}", "unit": 3} for number in range(1, 30)]
    assert "… 29 nodes" in rows(*odd, kind=kind).splitlines()[1]


def test_without_columns_there_is_nothing_to_write() -> None:
    assert rows({"node": "n1"}, kind=Kind(name="Nothing", columns=())) == ""


def test_a_text_is_written_as_it_is_but_for_a_person_at_a_terminal() -> None:
    assert text("a\x1b[2J\n") == "a\x1b[2J\n"
    assert text("a\x1b[2J\n", is_terminal=True) == "a\\x1b[2J\n"


def test_a_text_ends_in_one_newline_and_an_empty_one_is_empty() -> None:
    assert [text(content) for content in ("a", "a\n", "")] == ["a\n", "a\n", ""]
