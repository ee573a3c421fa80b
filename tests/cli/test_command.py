"""A command whose parameters may be groups of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from aifctl.cli.command import command, group


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    width: Annotated[int, typer.Option(min=1)] = 256
    wave: Annotated[str | None, typer.Option()] = None


def test_a_group_of_options_is_spread_and_put_together_again() -> None:
    app, seen = group("About"), []
    app.callback()(lambda: None)

    @command(app, "go", examples=["aifctl go r[1-3]", "aifctl go x"])
    def go(paced: Paced, what: Annotated[str, typer.Argument()]) -> int:
        """Go there."""
        seen.append((paced, what))
        return 7

    assert app(args=["go", "--width", "3", "there"], standalone_mode=False) == 7
    assert seen == [(Paced(width=3, wave=None), "there")]


def test_help_leads_with_the_examples_brackets_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    app = group("About")
    app.callback()(lambda: None)

    @command(app, "go", examples=["aifctl go r[1-3]", "aifctl go x"])
    def go() -> int:
        """Go there."""
        return 0

    app(args=["go", "--help"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert shown.index("$ aifctl go r[1-3]") < shown.index("$ aifctl go x") < shown.index("Go there.")
