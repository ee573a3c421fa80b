"""Rows on a terminal that is narrower than they are: words wrap, names and ids stay whole."""

from __future__ import annotations

import pytest

from aifctl.core.report import Column, Head, Kind
from aifctl.output.terminal import TerminalFacts
from tests.output.conftest import Render

_KIND = Kind(
    name="N",
    key="run",
    columns=(
        Column(key="run", title="run"),
        Column(key="state", title="state"),
        Column(key="command", title="command"),
    ),
)
_ROW = {"run": "20261124-041825-h1tp", "state": "done", "command": "run @all -- echo one two three four five six"}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_id_is_never_cut_and_no_line_of_a_table_is_wider_than_the_terminal(render: Render, width: int) -> None:
    terminal = TerminalFacts(is_terminal=True, width=width)

    text = render("table", Head(kind=_KIND), [_ROW], terminal=terminal)

    assert _ROW["run"] in text
    assert max(map(len, text.splitlines())) <= width
    assert all(word in text for word in _ROW["command"].split())


def test_what_would_be_a_strip_of_syllables_becomes_a_record(render: Render) -> None:
    terminal = TerminalFacts(is_terminal=True, width=30)

    text = render("table", Head(kind=_KIND), [_ROW], terminal=terminal)

    assert text.splitlines() == [
        "20261124-041825-h1tp",
        "  state    done",
        f"  command  {_ROW['command']}",
    ]


def test_a_column_of_names_is_not_wrapped_where_a_column_of_words_is(render: Render) -> None:
    rows = [{"run": "SHA256:" + "x" * 20, "state": "ok", "command": "one two three four five six seven"}]
    terminal = TerminalFacts(is_terminal=True, width=50)

    text = render("table", Head(kind=_KIND), rows, terminal=terminal)

    assert "SHA256:" + "x" * 20 in text
    assert len(text.splitlines()) > 2
