"""A command whose parameters may be groups of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from aifctl.cli.command import command, group
from aifctl.core.errors import UsageError


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


@pytest.mark.parametrize("words", [("--wave", ""), ("--wave=",), ("--key", "a", "--key", "")])
def test_an_option_whose_value_is_nothing_is_refused(words: tuple[str, ...]) -> None:
    app = group("About")
    app.callback()(lambda: None)

    @command(app, "go", examples=["aifctl go"])
    def go(paced: Paced, key: Annotated[list[str] | None, typer.Option()] = None) -> int:
        """Go there."""
        raise AssertionError(paced, key)

    with pytest.raises(UsageError, match=r"--(wave|key) is empty; give it a value, or leave it away"):
        app(args=["go", *words], standalone_mode=False)


def test_an_argument_may_be_empty() -> None:
    app = group("About")
    app.callback()(lambda: None)

    @command(app, "go", examples=["aifctl go"])
    def go(paced: Paced, what: Annotated[str, typer.Argument()]) -> int:
        """Go there."""
        return 7 if what == "" and paced == Paced() else 0

    assert app(args=["go", ""], standalone_mode=False) == 7
