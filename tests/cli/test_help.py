"""Help of every command: it leads with two examples, and what it shows can be typed."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from aifctl.cli.invocation import Invocation, whole_app

_EXAMPLE = re.compile(r"\[dim\]\$\[/\] (.*)")


def _commands(group: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*place, name))
        else:
            yield " ".join((*place, name)), command


_ROOT: Any = typer.main.get_command(whole_app())
_COMMANDS = dict(_commands(_ROOT))


def _examples(command: Any) -> list[str]:
    return [found.replace("\\[", "[") for found in _EXAMPLE.findall(command.help or "")]


@pytest.mark.parametrize("place", _COMMANDS)
def test_help_leads_with_two_examples_of_the_command_itself(place: str) -> None:
    text = _COMMANDS[place].help or ""
    examples = _examples(_COMMANDS[place])
    assert len(examples) >= 2, text
    assert text.startswith("[dim]$[/] aifctl ")
    assert [example for example in examples if f"aifctl {place} " not in f"{example} "] == []


@pytest.mark.parametrize(
    ("place", "example"), [(place, text) for place, command in _COMMANDS.items() for text in _examples(command)]
)
def test_what_an_example_shows_can_be_typed(place: str, example: str) -> None:
    words = list(itertools.takewhile(lambda word: word not in {"|", ">"}, shlex.split(example)))
    assert words.pop(0) == "aifctl"
    invocation = Invocation.parse(words)
    rest = [f"{word}=root" if word == "--sudo" else word for word in invocation.words[len(place.split()) :]]
    rest = [f"~{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in rest]
    _COMMANDS[place].make_context(place, rest)  # raises what Click has against it


def test_no_option_looks_as_if_it_took_a_value_that_it_does_not_take(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["runs", "--help"], ["runs", "list", "--help"]):
        with pytest.raises(SystemExit):
            _ROOT.main(words, prog_name="aifctl")
    shown = capsys.readouterr().out
    assert shown.count("--help") == 3
    assert "bool" not in shown


@pytest.mark.parametrize("place", _COMMANDS)
def test_every_option_and_every_command_says_what_it_is_for(place: str) -> None:
    command = _COMMANDS[place]
    assert command.short_help
    silent = [parameter.name for parameter in command.params if hasattr(parameter, "help") and not parameter.help]
    options = {parameter.name for parameter in command.params if parameter.param_type_name == "option"}
    assert [name for name in silent if name in options] == []
