"""A person is asked where there is one."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import pytest

from aifctl.custody.terminal_confirm import TerminalConfirm


@dataclass
class Terminal:
    """A terminal with a person at its other end."""

    person: int
    listen: TextIO
    speak: TextIO

    def types(self, line: str) -> None:
        os.write(self.person, line.encode())


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    person, ours = pty.openpty()
    with os.fdopen(ours, "r") as listen, os.fdopen(os.dup(ours), "w") as speak:
        yield Terminal(person, listen, speak)
    os.close(person)


@pytest.mark.parametrize(("typed", "agreed"), [("400\n", True), ("  400 \n", True), ("40\n", False), ("\n", False)])
def test_only_what_is_expected_is_a_yes(terminal: Terminal, typed: str, agreed: bool) -> None:
    terminal.types(typed)
    confirm = TerminalConfirm(terminal.listen, terminal.speak)
    assert confirm.possible
    assert confirm.ask("type the number of nodes", expected="400") is agreed


def test_the_end_of_the_terminal_is_a_no(terminal: Terminal) -> None:
    terminal.types("\x04")
    assert not TerminalConfirm(terminal.listen, terminal.speak).ask("sure?", expected="400")


def test_a_question_that_quotes_a_node_obeys_no_escape_of_it() -> None:
    speak = io.StringIO()
    assert TerminalConfirm(io.StringIO("yes\n"), speak).ask("\x1b[2Jsure?", expected="yes")
    assert speak.getvalue() == "\\x1b[2Jsure? "


def test_nobody_is_asked_where_either_side_is_no_terminal(terminal: Terminal) -> None:
    closed = io.StringIO()
    closed.close()
    assert not TerminalConfirm(io.StringIO(), terminal.speak).possible
    assert not TerminalConfirm(terminal.listen, io.StringIO()).possible
    assert not TerminalConfirm(closed, terminal.speak).possible
