"""One command line: split at `--`, sent to the one module that knows its noun, its errors told in its own format."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aifctl import wiring
from aifctl.cli.nouns import NOUNS, PANELS
from aifctl.core.errors import AifctlError, StoppedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.tracebacks import bug_error

#: Options whose value may be left out; Click can't say that, so the value is written in for it.
_OPTIONAL_VALUES = {"--sudo": "root", "--watch": "2"}

#: What every command takes, with a value in a word of its own.
_GLOBALS_WITH_VALUE = frozenset({"--inventory", "--state-dir", "--state", "--output", "-o", "--color", "--progress"})
_ROOTS_OWN = frozenset({"--help", "-h", "--version"})
#: What takes a command for the nodes.
_TAKES_COMMAND = frozenset({"aifctl run", "aifctl ssh"})

_current: ContextVar[Invocation] = ContextVar("invocation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What was typed.

    Attributes:
        argv: all of it.
        words: what stands before the first `--`.
        command: what stands behind it; None where there is no `--`.
        format: what -o says, "table" where it says nothing, even when the rest does not parse.
    """

    argv: tuple[str, ...]
    words: tuple[str, ...]
    command: tuple[str, ...] | None
    format: str

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Invocation:
        """Split at the first `--`, before Typer sees it (Click drops it)."""
        at = argv.index("--") if "--" in argv else None
        words = _globals_last(argv if at is None else argv[:at])
        command = None if at is None else tuple(argv[at + 1 :])
        return cls(argv=tuple(argv), words=words, command=command, format=_format(words))

    def run(self) -> int:
        """Run it; returns the exit code."""
        import typer

        _current.set(self)
        wiring.obey_locale()
        if self.words == ("--version",):
            return wiring.write_version()
        words = [_for_click(word, noun=self.words[0] if self.words else "") for word in self.words]
        try:
            code = _app(words)(args=words, prog_name="aifctl", standalone_mode=False)
        except typer.TyperException as problem:  # what Click says of the words: exit 2 like every usage error
            if not str(problem):  # no words at all: help has been printed, and that says it
                return wiring.exit_in(self.format, ExitCode.USAGE)
            raise UsageError(_sentence(problem, words, dashes=self.command is not None)) from problem
        except typer.Abort as problem:
            raise StoppedError(ExitCode.SIGINT) from problem
        return int(code or 0)

    def fail(self, error: AifctlError) -> int:
        """Tell an error that came before a verb was called, in the invocation's format; returns its exit code."""
        code = wiring.tell_error(error, self.format)
        textfile = _value_of("--textfile", self.words)
        if textfile:  # an alert on it must see this end, too
            name = (_value_of("--lock", self.words) or "").partition(":")[0]
            wiring.note_end(textfile, verb=self.words[0], name=name or self.words[0], code=error.exit_code)
        return code

    def bug(self, bug: Exception) -> int:
        """Keep the traceback in a file and say where; exit 70."""
        return self.fail(bug_error(bug))


def current() -> Invocation:
    """Return the invocation that is being run."""
    return _current.get()


def whole_app() -> Any:
    """Return the app with every command, for `--help`, completion scripts and tests."""
    return _build(list(dict.fromkeys(NOUNS.values())))


def _app(words: Sequence[str]) -> Any:
    noun = next((word for word in words if not word.startswith("-")), None)
    return _build([NOUNS[noun]]) if noun in NOUNS else whole_app()


def _build(modules: Sequence[str]) -> Any:
    from aifctl.cli.command import group

    app = group("One command over every node: run, copy, look, check, over SSH, on thousands of nodes at once.")

    app.callback()(_root)
    for module in modules:
        importlib.import_module(f"aifctl.cli.{module}").add_to(app)
    panels = {noun: panel for panel, nouns in PANELS.items() for noun in nouns}
    order = list(NOUNS)
    for registered in app.registered_commands:
        registered.rich_help_panel = panels[registered.name or ""]
    for group_ in app.registered_groups:
        group_.rich_help_panel = panels[group_.name or ""]
    app.registered_commands.sort(key=lambda registered: order.index(registered.name or ""))
    return app


def _root() -> None:
    """Take no option of its own: those that every command has may stand before the command's name, see `parse`."""


def _for_click(word: str, *, noun: str) -> str:
    """Return a word as Click understands what is meant by it."""
    if word in _OPTIONAL_VALUES:
        return f"{word}={_OPTIONAL_VALUES[word]}"
    return f"~{word[1:]}" if noun == "runs" and re.fullmatch(r"-\d+", word) else word


def _globals_last(words: Sequence[str]) -> tuple[str, ...]:
    """Move options that stand before the command's name behind everything, where the command itself takes them."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        at += 2 if words[at] in _GLOBALS_WITH_VALUE else 1
    before = words[:at]
    return tuple(words) if set(before) & _ROOTS_OWN else (*words[at:], *before)


def _format(words: Sequence[str]) -> str:
    for index, word in enumerate(words):
        if word in {"-o", "--output"}:
            return words[index + 1] if index + 1 < len(words) else "table"
        if word.startswith("--output="):
            return word.partition("=")[2]
        if word.startswith("-o") and not word.startswith("--"):
            return word[2:].removeprefix("=")
    return "table"


def _value_of(option: str, words: Sequence[str]) -> str | None:
    """Return what an option says, whether or not the rest of the words parses."""
    for index, word in enumerate(words):
        if word == option:
            return words[index + 1] if index + 1 < len(words) else None
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


#: What a library says of numbers, and what a person would.
_SAID_PLAINLY = {
    "Input should be a valid integer, unable to parse string as an integer": "it should be a whole number",
    "Input should be": "it should be",
}


def _sentence(problem: Exception, words: Sequence[str], *, dashes: bool) -> str:
    text = getattr(problem, "format_message", lambda: str(problem))().strip().rstrip(".")
    for theirs, ours in _SAID_PLAINLY.items():
        text = text.replace(theirs, ours)
    noun = f"aifctl {words[0]}" if words and words[0] in NOUNS else "aifctl"
    place = getattr(getattr(problem, "ctx", None), "command_path", noun)
    advice = _why_many(words) or f"see `{place} --help`"
    if place in _TAKES_COMMAND and not dashes and "extra argument" in text:
        advice += "; what the nodes shall run stands behind --, as in: aifctl run @all -- uptime"
    return f"{text[:1].lower()}{text[1:]}; {advice}"


def _why_many(words: Sequence[str]) -> str:
    """Say why there may be too many words: the shell has put file names in place of an unquoted range."""
    _, *plain = [word for word in words if not word.startswith("-")] or [""]
    # Not Path.exists: it raises for a word that is longer than a file name may be.
    if len(plain) < 2 or not all(map(os.path.exists, plain)):  # noqa: PLR2004  one word is one selector
        return ""
    from aifctl.fleet.fleet import Fleet
    from aifctl.fleet.shell_words import explain_expanded_words

    return explain_expanded_words(plain, Fleet())
