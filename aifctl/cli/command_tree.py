"""The command line as completion scripts need it, read from the app itself: commands, options, what values they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from aifctl.cli.options import Everywhere

#: (word, what it is)
Choice = tuple[str, str]


class How(StrEnum):
    """How the values of an option or argument are found."""

    NOTHING = "nothing"
    FILES = "files"
    FOLDERS = "folders"
    WORDS = "words"  # a list that stands in the script
    ASK = "ask"  # `aifctl __complete NAME WORD`


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Where values come from; `name` is the list's, or what `__complete` is asked for."""

    how: How = How.NOTHING
    name: str = ""
    words: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        values: None for a flag.
        value_optional: the value can only be joined by `=`, and may be left out.
    """

    spellings: tuple[str, ...]
    about: str
    metavar: str = ""
    values: Values | None = None
    value_optional: bool = False
    repeatable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument; `many` takes all that follow."""

    metavar: str
    values: Values
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command or noun; `place` is what is typed to get there, "" for aifctl itself, "runs show" for a verb."""

    place: str
    about: str
    commands: tuple[Choice, ...] = ()
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()


HELP = Option(spellings=("-h", "--help"), about="Show what this command does and takes")
VERSION = Option(spellings=("--version",), about="Print the version")


class CommandTree:
    """Reads a Click tree.

    Args:
        app: the Click command that Typer makes of the whole app.
        lists: word lists by name, see LISTS.
    """

    def __init__(self, app: Any, lists: Mapping[str, Sequence[Choice]]) -> None:
        self._lists = {name: tuple(words) for name, words in lists.items()}
        root, *below = self._walk(app, "")
        everywhere = _everywhere(below)
        self.commands = (replace(root, options=(*root.options, VERSION, *everywhere)), *below)

    @property
    def lists(self) -> Mapping[str, tuple[Choice, ...]]:
        """The word lists that some value is chosen from, by name."""
        return {
            values.name: values.words
            for command in self.commands
            for values in _values_of(command)
            if values.how is How.WORDS
        }

    def _walk(self, node: Any, place: str) -> Iterable[Command]:
        below = {name: each for name, each in getattr(node, "commands", {}).items() if not each.hidden}
        yield Command(
            place=place,
            about=_about(node),
            commands=tuple((name, _about(each)) for name, each in sorted(below.items())),
            options=(HELP, *(self._option(each, place) for each in node.params if each.param_type_name == "option")),
            arguments=tuple(self._argument(each) for each in node.params if each.param_type_name == "argument"),
        )
        for name, each in sorted(below.items()):
            yield from self._walk(each, f"{place} {name}".strip())

    def _option(self, param: Any, place: str) -> Option:
        spellings = tuple(sorted((*param.opts, *param.secondary_opts), key=len))
        metavar = param.metavar or ""
        flag = param.is_flag or param.count
        return Option(
            spellings=spellings,
            about=param.help or "",
            metavar=metavar,
            values=None if flag else self._values(metavar, spellings, place),
            value_optional=metavar.startswith("[="),
            repeatable=bool(param.multiple or param.count),
        )

    def _argument(self, param: Any) -> Argument:
        metavar = param.metavar or param.name
        return Argument(metavar=metavar, values=self._values(metavar, (), ""), many=param.nargs == -1)

    def _values(self, metavar: str, spellings: Iterable[str], place: str) -> Values:
        bare = bare_metavar(metavar)
        if _LITERAL.fullmatch(bare):
            return Values(
                how=How.WORDS, name=bare.replace("|", "-"), words=tuple((word, "") for word in bare.split("|"))
            )
        keys = [key for each in spellings for key in (f"{place} {each}", each)] or [f"argument {bare}"]
        name = next((OF_ONE[key] for key in keys if key in OF_ONE), OF_METAVAR.get(bare, ""))
        if name in LISTS:
            return Values(how=How.WORDS, name=name, words=self._lists[name])
        return Values(how=How(name)) if name in {"", "files", "folders"} and name else _asked(name)


#: Names of word lists that the caller gives, for what the app itself does not say.
LISTS = ("outputs", "formats", "kinds", "faults", "states", "colors", "progress", "references", "waves")

#: Values by what the help calls them; "" where nothing can be offered.
OF_METAVAR = {
    **dict.fromkeys(("FILE", "PATH", "PATH.prom", "SRC", "DEST", "ARGS"), "files"),
    **dict.fromkeys(("DIR", "DESTDIR"), "folders"),
    **dict.fromkeys(("SELECTOR",), "selector"),
    **dict.fromkeys(("RUN", "RUN2", "SWEEP"), "run"),
    **dict.fromkeys(("KIND[:ARG]@NODES", "KIND[@NODES]|all"), "faults"),
    "NODE": "node",
    "CHECK": "check",
    "INCIDENT": "incident",
    "NAME[:skip|wait=S]": "lock",
    "HOST": "jump",
    "FORMAT": "outputs",
    "WHEN": "colors",
    "HOW": "progress",
    "STATE": "states",
    "LIST": "outcomes",
    "KEY=GLOB": "attribute",
    "REF": "references",
    "N|%|SCOPE": "waves",
    "KIND": "kinds",
    **dict.fromkeys(("N", "N|%", "H", "NAME", "OCTAL", "SHARE", "SHARE:TIME", "SIZE"), ""),
    **dict.fromkeys(
        ("TEXT", "TIME", "ID", "SCOPE", "URL", "USER[:GROUP]", "=USER", "=S", "SERIAL|GUID|MAC|IP|PORT"), ""
    ),
}

#: Where that says too little: by option, by place and option, or by argument.
OF_ONE = {"--format": "formats", "sim fault --name": "fleet", "argument NAME": "fleet"}

_LITERAL = re.compile(r"[a-z][a-z-]*(\|[a-z][a-z-]*)*")


def bare_metavar(metavar: str) -> str:
    """Return a metavar without the brackets and dots that say optional and repeated."""
    bare = metavar.removesuffix("...")
    return bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare


def _asked(name: str) -> Values:
    return Values(how=How.ASK, name=name) if name else Values()


def _about(node: Any) -> str:
    """Return the first sentence of a command's docstring or of a noun's help."""
    return str(node.short_help or node.help or "").strip().split("\n")[0].rstrip(".")


def _everywhere(commands: Iterable[Command]) -> list[Option]:
    """Return the options that every command has: they may stand before the command's name too."""
    spellings = {f"--{field.name.replace('_', '-')}" for field in fields(Everywhere)}
    found = {option.spellings: option for command in commands for option in command.options}
    return [option for option in found.values() if spellings & set(option.spellings)]


def _values_of(command: Command) -> Iterable[Values]:
    yield from (option.values for option in command.options if option.values)
    yield from (argument.values for argument in command.arguments)
