"""How a command shows itself when nobody says how."""

from __future__ import annotations

from aifctl.core.shown import Shown


def test_unasked_a_command_shows_a_table_and_finds_out_about_the_terminal() -> None:
    shown = Shown()
    assert (shown.format, shown.color, shown.progress) == ("table", "auto", "auto")
    assert (shown.verbose, shown.quiet, shown.live) == (0, False, False)
