"""stdout and stderr as one command may use them."""

from __future__ import annotations

import os
import sys

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.shown import Shown
from aifctl.output.screen import Screen


def test_a_colour_that_is_none_is_refused_with_those_that_are(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="--color 'pink': write auto, always, never"):
        Screen(Shown(color="pink"))
    assert capfd.readouterr() == ("", "")


def test_a_note_is_a_line_on_stderr_that_obeys_no_escape(capfd: pytest.CaptureFixture[str]) -> None:
    Screen(Shown()).note("n1 says \x1b[2J")
    assert capfd.readouterr().err == "n1 says \\x1b[2J\n"


def test_an_error_is_told_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    Screen(Shown()).tell(UsageError("there is no node n9"))
    out, err = capfd.readouterr()
    assert (out, "there is no node n9" in err) == ("", True)


def test_a_stream_that_was_closed_before_we_began_is_written_to_nobody(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    screen = Screen(Shown())
    screen.stdout.write("lost\n")
    screen.stdout.flush()
    assert not screen.stdout_terminal.is_terminal
    assert capfd.readouterr() == ("", "")


def test_a_note_whose_reader_has_gone_is_dropped(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        monkeypatch.setattr(sys, "stderr", gone)
        screen = Screen(Shown())
        screen.note("nobody hears it")
        screen.tell(UsageError("nor this"))
    assert capfd.readouterr() == ("", "")


def test_a_page_asks_no_scopes_and_knows_when_lines_were_shown_already() -> None:
    page = Screen(Shown(live=True)).page(None)
    assert page.live
    assert page.scopes_of is None
