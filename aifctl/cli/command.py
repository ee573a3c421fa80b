"""One decorator: a command whose parameters may be groups of options, and whose help leads with examples."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from aifctl.core.errors import UsageError


class _PlainHelp:
    """Keeps help from writing <bool> behind --help, as if that took a value."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        option: TyperOption | None = super().get_help_option(ctx)  # type: ignore[misc]  # of the class beside this one
        if option is not None:
            option.metavar = ""
        return option


class _Command(_PlainHelp, TyperCommand):
    """One command."""


class _Group(_PlainHelp, TyperGroup):
    """One noun."""


#: How every app and group of ours is made: plain errors (main renders them), our own completion.
APP = {
    "cls": _Group,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "rich",
    "no_args_is_help": True,
}


def group(about: str) -> typer.Typer:
    """Return an empty Typer app for one noun."""
    return typer.Typer(help=about, context_settings={"help_option_names": ["-h", "--help"]}, **APP)  # type: ignore[arg-type]


def command(
    app: typer.Typer, name: str, *, examples: Sequence[str]
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Register a function as a command.

    A parameter annotated with a dataclass of Annotated fields (see options.py) is spread into those options and put
    together again before the call, so that shared options are written once.
    """

    def register(function: Callable[..., int]) -> Callable[..., int]:
        spread = _spread(function)
        about = inspect.getdoc(function) or ""
        text = "\n\n".join([*(f"[dim]$[/] {_escape(example)}" for example in examples), _escape(about)])
        app.command(
            name,
            cls=_Command,
            help=text,
            short_help=about.split("\n")[0],
            context_settings={"help_option_names": ["-h", "--help"]},
        )(spread)
        return function

    return register


def _escape(text: str) -> str:
    return text.replace("[", "\\[")


def _spread(function: Callable[..., int]) -> Callable[..., int]:
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    own = inspect.signature(function).parameters
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if name in groups:
            parameters += _fields(groups[name])
        else:
            annotation = _unlabelled(hints[name])
            parameters.append(parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY))

    options = [parameter for parameter in parameters if _is_option(parameter)]

    def spread(**given: Any) -> int:
        _refuse_empty(options, given)
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in dataclasses.fields(kind)})
        return function(**given)

    spread.__name__, spread.__doc__, spread.__module__ = function.__name__, function.__doc__, function.__module__
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def _is_option(parameter: inspect.Parameter) -> bool:
    return any(isinstance(label, typer.models.OptionInfo) for label in get_args(parameter.annotation))


def _refuse_empty(options: Sequence[inspect.Parameter], given: dict[str, Any]) -> None:
    """Take no option whose value is nothing: an unset variable would drop a lock, or mean another set of nodes."""
    for option in options:
        value = given[option.name]
        if value != option.default and (value == "" or (isinstance(value, (list, tuple)) and "" in value)):
            raise UsageError(f"--{option.name.replace('_', '-')} is empty; give it a value, or leave it away")


def _fields(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            annotation=_unlabelled(hints[field.name]),
        )
        for field in dataclasses.fields(kind)
    ]


def _unlabelled(hint: Any) -> Any:
    """Keep help from writing <bool> behind every flag."""
    if get_args(hint)[0] is bool:
        get_args(hint)[1].metavar = ""
    return hint
