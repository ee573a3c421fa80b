"""Patterns of the inventory: ranges that stand for many names, and braces that stand for a node's own values.

`r[001-196]n[01-32]` is 6,272 names. `10.1.{rack#}.{node#+100}` is an address made of numbers: `{rack}` is the rack's
name, `{rack#}` the last number in that name; numbers can be added, subtracted, multiplied, divided (/ rounds down, %
is the remainder) and formatted: `{su#*8-7:04}`, `{node#:02x}`. `{{` is a brace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.fleet.nodeset_ranges import expand

#: More names than one pattern may mean; the largest fleets have a tenth of it.
MAX_NAMES = 200_000

Env = Mapping[str, str | int]

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SPEC = re.compile(r"0?\d{0,2}[dxX]?")
_WORD = re.compile(r"\s*([0-9]+|[a-z]+#?|[-+*/%()])")
_LAST_NUMBER = re.compile(r"([0-9]+)[^0-9]*$")
_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "/": int.__floordiv__,
    "%": int.__mod__,
}


class BadValueError(ValueError):
    """A value or pattern that cannot be right, or has no value here; the message says which and why."""


def expand_names(text: str) -> list[str]:
    """Return the names of `a[1-3],b7`, in order; BadValueError for a bad range, or for more than MAX_NAMES."""
    try:
        names = expand(text)
    except NodeSetSyntaxError as problem:
        raise BadValueError(str(problem)) from problem
    if len(names) > MAX_NAMES:
        raise BadValueError(f"{text[:80]!r} stands for {len(names):,} names; {MAX_NAMES:,} are the most")
    return names


def env_of(level: str, name: str) -> dict[str, str | int]:
    """Return what patterns may say of one name: the name and, where it holds one, its last number."""
    number = _LAST_NUMBER.search(name)
    return {level: name, f"{level}#": int(number[1])} if number else {level: name}


class Template:
    """A compiled pattern with braces; `needs` are the variables it reads. `{rail}` is known where `rail` is given."""

    __slots__ = ("_parts", "_rail", "needs", "text")

    def __init__(self, text: str, *, known: frozenset[str], rail: int | None = None) -> None:
        self.text = text
        self._rail = rail
        self._parts: list[str | Callable[[Env], str]] = []
        self.needs: set[str] = set()
        at = 0
        for hole in _HOLE.finditer(text):
            self._parts += [text[at : hole.start()], self._hole(hole, known)]
            at = hole.end()
        self._parts.append(text[at:])

    def render(self, env: Env) -> str:
        """Return the text for one node; BadValueError where a name holds no number, or for a division by zero."""
        return "".join([part if part.__class__ is str else part(env) for part in self._parts])  # type: ignore[operator]

    def _hole(self, hole: re.Match[str], known: frozenset[str]) -> str | Callable[[Env], str]:
        if hole[0] in {"{{", "}}"}:
            return hole[0][0]
        if hole[1] is None:
            raise BadValueError(f"a brace without its partner in {self.text[:80]!r}; write {{{{ for a plain brace")
        formula, _, spec = hole[1].partition(":")
        parser = _Formula(formula.strip(), known, self._rail)
        self.needs |= parser.needs
        if not _SPEC.fullmatch(spec):
            raise BadValueError(f"{spec[:20]!r} in {hole[0][:40]!r} is no number format; write :03 or :02x")
        if parser.is_name:
            if spec:
                raise BadValueError(f"{hole[0][:40]!r} is a name; {{{formula}#:{spec}}} is its number")
            return _name_reader(formula.strip())
        return _number_reader(parser.value, spec)


class _Formula:
    """Numbers, variables, + - * / % and parentheses; a lone variable without # is a name."""

    def __init__(self, text: str, known: frozenset[str], rail: int | None) -> None:
        self._text, self._rail = text, rail
        self._known = known if rail is None else known | {"rail"}
        self._words = self._cut(text)
        self.needs: set[str] = set()
        self.is_name = len(self._words) == 1 and self._words[0].isalpha() and self._words[0] != "rail"
        self.value = self._variable(self._next()) if self.is_name else self._sum()
        if self._words:
            raise self._error()

    @staticmethod
    def _cut(text: str) -> list[str]:
        words = _WORD.findall(text)
        if not words or "".join(words) != re.sub(r"\s+", "", text):
            raise BadValueError(f"{{{text[:40]}}} is not a formula; write {{node#}}, {{su#*8-7:04}} or {{rack}}")
        return list(words)

    def _sum(self) -> Callable[[Env], int]:
        return self._chain("+-", self._product)

    def _product(self) -> Callable[[Env], int]:
        return self._chain("*/%", self._atom)

    def _chain(self, operators: str, operand: Callable[[], Callable[[Env], int]]) -> Callable[[Env], int]:
        value = operand()
        while self._words and self._words[0] in operators:
            value = _applied(_OPERATORS[self._next()], value, operand())
        return value

    def _atom(self) -> Callable[[Env], int]:
        word = self._next()
        if word.isdigit():
            number = int(word)
            return lambda _: number
        if word == "(":
            inside = self._sum()
            if self._next() != ")":
                raise self._error()
            return inside
        if word[0].isalpha():
            return self._variable(word)
        raise self._error()

    def _variable(self, word: str) -> Callable[[Env], int]:
        if word.rstrip("#") not in self._known:
            names = ", ".join(f"{{{name}}}" for name in sorted(self._known))
            raise BadValueError(f"there is no {{{word[:40]}}} here; there is {names}, and {{…#}} for their numbers")
        if word.rstrip("#") == "rail":
            rail = self._rail or 0
            return lambda _: rail
        if not self.is_name and not word.endswith("#"):
            raise BadValueError(f"{word!r} in {{{self._text[:40]}}} is a name; {word}# is its number")
        self.needs.add(word)
        return lambda env: _number(env, word)

    def _next(self) -> str:
        if not self._words:
            raise self._error()
        return self._words.pop(0)

    def _error(self) -> BadValueError:
        return BadValueError(f"{{{self._text[:40]}}} is not a formula; write {{node#}}, {{su#*8-7:04}} or {{rack}}")


def _applied(
    operator: Callable[[int, int], int], left: Callable[[Env], int], right: Callable[[Env], int]
) -> Callable[[Env], int]:
    def apply(env: Env) -> int:
        try:
            return operator(left(env), right(env))
        except ZeroDivisionError:
            raise BadValueError("the formula divides by zero") from None

    return apply


def _number(env: Env, key: str) -> int:
    try:
        return int(env[key])
    except KeyError:
        level = key.rstrip("#")
        named = f"{level} {env[level]!r} has no number in its name" if level in env else f"no {level} stands above it"
        raise BadValueError(f"{{{key}}} has no value: {named}") from None


def _name_reader(level: str) -> Callable[[Env], str]:
    def read(env: Env) -> str:
        if level not in env:
            raise BadValueError(f"{{{level}}} has no value: no {level} stands above it")
        return str(env[level])

    return read


def _number_reader(value: Callable[[Env], int], spec: str) -> Callable[[Env], str]:
    return lambda env: format(value(env), spec)
