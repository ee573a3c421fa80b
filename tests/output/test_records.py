"""Items one below the other: a heading and a line for each value, at any width."""

from __future__ import annotations

from typing import Any

from aifctl.core.report import Column, Head, Item, Kind, Report
from aifctl.output.format import Page, whole_text
from aifctl.output.formats.md import FORMAT
from aifctl.output.rows import Rows
from aifctl.output.terminal import TerminalFacts

_KIND = Kind(
    name="Shown",
    records=True,
    columns=(
        Column(key="node", title="node"),
        Column(key="state", title="state"),
        Column(key="findings", title="findings"),
        Column(key="looked_at", title="looked", wide=True),
    ),
)
_LONG = "fault gpu-xid gpu:0000:1b:00.0: the GPU has fallen off the bus, and was not seen again"


def shown(*items: Item, is_wide: bool = False, **facts: Any) -> list[str]:
    page = Page(terminal=TerminalFacts(**facts))
    return "".join(whole_text(Rows(page, is_wide), Head(kind=_KIND), items, Report())).splitlines()


def test_each_value_has_a_line_beside_its_title_and_a_list_a_line_a_part() -> None:
    assert shown({"node": "n1", "state": "ready", "findings": ["one", "two"]}) == [
        "n1",
        "  state     ready",
        "  findings  one",
        "            two",
    ]


def test_what_there_is_not_has_no_line() -> None:
    assert shown({"node": "n1", "state": None, "findings": []}, {"node": "n2", "state": ""}) == ["n1", "", "n2"]


def test_wide_columns_are_for_those_who_ask() -> None:
    item = {"node": "n1", "looked_at": 0.5}
    assert shown(item) == ["n1"]
    assert shown({**item, "looked_at": 100.0}, is_wide=True) == ["n1", "  looked  1970-01-01T00:01:40Z"]


def test_on_a_terminal_values_are_wrapped_between_words_below_themselves() -> None:
    lines = shown({"node": "n1", "state": "ready", "findings": [_LONG]}, is_terminal=True, width=40)
    assert max(map(len, lines)) <= 40
    assert lines[2:4] == ["  findings  fault gpu-xid", "              gpu:0000:1b:00.0: the GPU"]
    assert " ".join(line.strip() for line in lines[2:]).removeprefix("findings  ") == _LONG


def test_on_a_terminal_headings_are_wrapped_too() -> None:
    lines = shown({"node": "watch  gpu-temperature near of gpu:0000:61:00.0"}, is_terminal=True, width=40)
    assert lines == ["watch  gpu-temperature near of", "  gpu:0000:61:00.0"]


def test_in_a_pipe_nothing_is_wrapped() -> None:
    assert shown({"node": "n1", "findings": [_LONG]}, width=40) == ["n1", f"  findings  {_LONG}"]


def test_on_a_terminal_without_room_values_stand_below_their_titles() -> None:
    lines = shown({"node": "n1", "state": "ready", "findings": ["one two"]}, is_terminal=True, width=24)
    assert lines == ["n1", "  state", "    ready", "  findings", "    one two"]


def test_what_a_node_says_is_never_obeyed() -> None:
    assert shown({"node": "n\x1b[2J", "findings": ["a\nb\x07"]}) == ["n\\x1b[2J", "  findings  a\\nb\\x07"]


def test_a_result_that_a_line_begins_with_has_its_colour() -> None:
    lines = shown(
        {"node": "fault  xid 79", "findings": [_LONG, "faulty"]}, {"node": "n1"}, is_terminal=True, colour=True
    )
    assert lines[0] == "\x1b[1;31mfault\x1b[0m  xid 79"
    assert "\x1b[1;31mfault\x1b[0m gpu-xid" in lines[1]
    assert lines[-3].endswith("faulty")
    assert lines[-1] == "\x1b[1mn1\x1b[0m"


def test_in_markdown_a_record_is_a_list() -> None:
    item = {"node": "n1", "state": "ready*", "findings": ["one", "two"]}
    text = "".join(whole_text(FORMAT.make(Page()), Head(kind=_KIND), [item, {"node": "n2"}], Report()))
    assert text == ("- **n1**\n  - state: ready\\*\n  - findings:\n    - one\n    - two\n- **n2**\n")
