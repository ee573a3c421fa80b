"""test, [ and [[: what a script asks before it acts."""

from __future__ import annotations

import re
from collections.abc import Callable

from aifctl.sim.node.disk import Device, Directory, Entry, File, Generated, Link
from aifctl.sim.shell import patterns
from aifctl.sim.shell.context import Call, CommandError, Program

_OF_FILES: dict[str, Callable[[Entry], bool]] = {
    "-e": lambda _: True,
    "-f": lambda entry: isinstance(entry, (File, Generated)),
    "-d": lambda entry: isinstance(entry, Directory),
    "-c": lambda entry: isinstance(entry, Device),
    "-b": lambda _: False,
    "-r": lambda _: True,
    "-w": lambda _: True,
    "-x": lambda entry: bool(entry.mode & 0o111),
    "-s": lambda entry: isinstance(entry, Generated) or (isinstance(entry, File) and len(entry.contents) > 0),
}
_OF_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_OF_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_MOST_WORDS = 256


async def _test(call: Call) -> int:
    words = call.arguments
    closing = {"[": "]", "[[": "]]"}.get(call.argv[0])
    if closing:
        if words[-1:] != [closing]:
            raise CommandError(f"missing '{closing}'", 2)
        words = words[:-1]
    if len(words) > _MOST_WORDS:
        raise CommandError("too many arguments", 2)
    return int(not _Judge(call, words, glob=closing == "]]").judge())


class _Judge:
    def __init__(self, call: Call, words: list[str], *, glob: bool) -> None:
        self._call, self._words, self._glob = call, words, glob

    def judge(self) -> bool:
        return bool(self._words) and self._either(self._words)

    def _either(self, words: list[str]) -> bool:
        return any(self._both(part) for part in _split(words, {"-o", "||"}))

    def _both(self, words: list[str]) -> bool:
        return all(self._one(part) for part in _split(words, {"-a", "&&"}))

    def _one(self, words: list[str]) -> bool:
        negated = False
        while len(words) > 1 and words[0] == "!":
            negated, words = not negated, words[1:]
        if len(words) > 2 and words[0] == "(" and words[-1] == ")":  # noqa: PLR2004  something between brackets
            return self._either(words[1:-1]) != negated
        return self._plain(words) != negated

    def _plain(self, words: list[str]) -> bool:
        match words:
            case [text] | ["-n", text]:
                return bool(text)
            case ["-z", text]:
                return not text
            case ["-t", _]:
                return False
            case ["-v", name]:
                return name in self._call.shell.variables
            case [operator, name]:
                return self._of_file(operator, name)
            case [left, operator, right]:
                return self._compare(left, operator, right)
        raise CommandError("too many arguments", 2)

    def _of_file(self, operator: str, name: str) -> bool:
        shell = self._call.shell
        if operator in {"-L", "-h"}:
            return isinstance(shell.disk.lookup(shell.path(name), follow=False), Link)
        entry = shell.disk.lookup(shell.path(name)) if name else None
        if operator == "-O":
            return entry is not None and entry.uid == shell.uid
        if operator not in _OF_FILES:
            raise CommandError(f"{operator[:20]}: unary operator expected", 2)
        return entry is not None and _OF_FILES[operator](entry)

    def _compare(self, left: str, operator: str, right: str) -> bool:
        if operator in _OF_NUMBERS:
            return _OF_NUMBERS[operator](_number(left), _number(right))
        if self._glob and operator in {"=", "==", "!="}:
            return patterns.matches(right, left) == (operator != "!=")
        if operator not in _OF_TEXTS:
            raise CommandError(f"{operator[:20]}: binary operator expected", 2)
        return _OF_TEXTS[operator](left, right)


def _split(words: list[str], separators: set[str]) -> list[list[str]]:
    """Return the words between separators that stand outside brackets and are no operands themselves."""
    parts, depth = [list[str]()], 0
    for position, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word in separators and not depth and 0 < position < len(words) - 1 and parts[-1]:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _number(text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?\d{1,18}\s*", text):
        raise CommandError(f"{text[:40]}: integer expression expected", 2)
    return int(text)


COMMANDS: dict[str, Program] = {"[": _test, "[[": _test, "test": _test}
