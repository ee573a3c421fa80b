from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from aifctl.output.style import Style, width_of
from aifctl.output.terminal import TerminalFacts

UTF8 = {"LANG": "C.UTF-8", "TERM": "xterm"}


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real pseudo-terminal of 40 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream
    os.close(ours)


def test_a_terminal_is_known_by_its_width_and_takes_colour(terminal: TextIO) -> None:
    facts = TerminalFacts.detect(terminal, UTF8)

    assert facts == TerminalFacts(is_terminal=True, width=40, colour=True, moves=True, encoding="utf-8")


def test_a_file_is_no_terminal_and_takes_no_colour(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as stream:
        assert TerminalFacts.detect(stream, UTF8) == TerminalFacts()


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}])
def test_colour_is_not_forced_on_those_who_decline_it(environ: dict[str, str], terminal: TextIO) -> None:
    assert not TerminalFacts.detect(terminal, UTF8 | environ).colour
    assert TerminalFacts.detect(terminal, UTF8 | environ, color="always").colour


def test_color_never_and_always_are_obeyed(terminal: TextIO, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as stream:
        assert TerminalFacts.detect(stream, UTF8, color="always").colour
    assert not TerminalFacts.detect(terminal, UTF8, color="never").colour


def test_an_empty_no_color_means_nothing(terminal: TextIO) -> None:
    assert TerminalFacts.detect(terminal, UTF8 | {"NO_COLOR": ""}).colour


def test_the_cursor_is_not_moved_on_a_dumb_terminal(terminal: TextIO) -> None:
    assert not TerminalFacts.detect(terminal, UTF8 | {"TERM": "dumb"}).moves


@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        ({"LANG": "C"}, "ascii"),
        ({"LANG": "POSIX"}, "ascii"),
        ({}, "ascii"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "C.UTF-8"}, "utf-8"),
    ],
)
def test_the_locale_decides_which_characters_may_be_written(
    environ: dict[str, str], encoding: str, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as stream:
        assert TerminalFacts.detect(stream, environ).encoding == encoding


def test_columns_from_the_environment_win_and_nonsense_is_passed_over(terminal: TextIO) -> None:
    assert TerminalFacts.detect(terminal, UTF8 | {"COLUMNS": "123"}).width == 123
    assert TerminalFacts.detect(terminal, UTF8 | {"COLUMNS": "wide"}).width == 40
    assert TerminalFacts.detect(terminal, UTF8 | {"COLUMNS": "0"}).width == 40


def test_a_closed_stream_is_no_terminal(tmp_path: Path) -> None:
    stream = (tmp_path / "out").open("w", encoding="utf-8")
    stream.close()

    assert not TerminalFacts.detect(stream, UTF8).is_terminal


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_text_is_as_wide_as_a_terminal_shows_it(text: str, width: int) -> None:
    assert width_of(text) == width


def test_what_is_cut_fits_and_says_so() -> None:
    style = Style(TerminalFacts())

    assert style.cut("日本日本日本", 7) == "日本日…"
    assert style.cut("short", 7) == "short"
    assert Style(TerminalFacts(encoding="ascii")).cut("x" * 20, 10) == "xxxxxxx..."
