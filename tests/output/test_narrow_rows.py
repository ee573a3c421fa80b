"""Rows on a terminal that is narrower than they are: words wrap, names and ids stay whole."""

from __future__ import annotations

from typing import Any

import pytest

from aifctl.core.report import Column, FieldType, Head, Kind
from aifctl.output.terminal import TerminalFacts
from aifctl.wiring import report_kinds
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


@pytest.mark.parametrize("width", [1, 4, 5])
def test_a_terminal_that_is_narrower_than_an_indent_still_shows_every_word(render: Render, width: int) -> None:
    text = render("table", Head(kind=_KIND), [_ROW], terminal=TerminalFacts(is_terminal=True, width=width))

    assert text.split() == [_ROW["run"], "state", "done", "command", *_ROW["command"].split()]


def test_what_would_be_a_strip_of_syllables_becomes_a_record(render: Render) -> None:
    terminal = TerminalFacts(is_terminal=True, width=30)

    text = render("table", Head(kind=_KIND), [_ROW], terminal=terminal)

    assert text.splitlines() == [
        "20261124-041825-h1tp",
        "  state",
        "    done",
        "  command",
        "    run @all -- echo one two",
        "      three four five six",
    ]


def test_a_column_of_names_is_not_wrapped_where_a_column_of_words_is(render: Render) -> None:
    rows = [{"run": "SHA256:" + "x" * 20, "state": "ok", "command": "one two three four five six seven"}]
    terminal = TerminalFacts(is_terminal=True, width=50)

    text = render("table", Head(kind=_KIND), rows, terminal=terminal)

    assert "SHA256:" + "x" * 20 in text
    assert len(text.splitlines()) > 2


_SENTENCE = "the PCIe path of the GPU at 0000:c3:00.0 has less than gen5: reseat the board, then replace it " * 2
_WIDE = Kind(
    name="W",
    key="incident",
    columns=(
        Column(key="incident", title="incident", right=True),
        Column(key="which", title="which"),
        Column(key="action", title="action"),
        Column(key="message", title="message"),
    ),
)


def test_a_sentence_is_no_strip_of_many_lines_beside_its_row(render: Render) -> None:
    row = {"incident": 7, "which": "r003n02 gpu:0000:c3:00.0", "action": "cable", "message": _SENTENCE}

    narrow = render("table", Head(kind=_WIDE), [row], terminal=TerminalFacts(is_terminal=True, width=60))
    wide = render("table", Head(kind=_WIDE), [row], terminal=TerminalFacts(is_terminal=True, width=90))

    assert narrow.splitlines()[0] == "incident 7", "a number alone would say nothing"
    assert "".join(narrow.split()[-6:]) == "".join(_SENTENCE.split()[-6:])
    assert wide.splitlines()[0].split() == ["incident", "which", "action", "message"]
    assert len(wide.splitlines()) <= 7
    assert max(map(len, [*narrow.splitlines(), *wide.splitlines()])) <= 90


def test_a_word_is_never_in_two_halves_where_several_columns_wrap(render: Render) -> None:
    row = {"incident": 7, "which": "r003n02 gpu:0000:c3:00.0", "action": "cable", "message": _SENTENCE}

    for width in range(40, 130):
        text = render("table", Head(kind=_WIDE), [row], terminal=TerminalFacts(is_terminal=True, width=width))

        assert "gpu:0000:c3:00.0" in text, width
        assert max(map(len, text.splitlines())) <= width


_KINDS = [kind for kind in report_kinds().values() if not (kind.folds or kind.text or kind.draws)]
_OF_TYPE: dict[FieldType | None, Any] = {
    FieldType.INTEGER: 12,
    FieldType.NUMBER: 0.25,
    FieldType.BOOLEAN: True,
    FieldType.TIME: 1_796_000_000.0,
    FieldType.ARRAY: [_SENTENCE, "another one, shorter"],
}


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.name)
def test_whatever_a_command_reports_fits_a_narrow_terminal(render: Render, kind: Kind, width: int) -> None:
    item = {column.key: _OF_TYPE.get(column.type, _SENTENCE) for column in kind.columns if not column.wide}
    item |= {kind.key: "r001n01"} if kind.key in item else {}

    text = render("table", Head(kind=kind), [item], terminal=TerminalFacts(is_terminal=True, width=width))

    assert max(map(len, text.splitlines())) <= width
    sentences = [value for value in item.values() if value == _SENTENCE]
    assert not sentences or all(word in text for word in _SENTENCE.split())
