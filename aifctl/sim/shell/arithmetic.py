"""$(( … )): whole numbers, by precedence climbing; names are looked up, nothing is ever handed to Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

_TOKEN = re.compile(r"\s*(\d{1,18}|[A-Za-z_]\w*|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%()<>!&|^~])", re.ASCII)
_LEVELS = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_DEEPEST = 64
_WRAP = 1 << 64


def evaluate(text: str, value_of: Callable[[str], str]) -> int:
    """Return the value, as a signed 64-bit number; ValueError where the text is no expression."""
    tokens = _tokens(text)
    if not tokens:
        return 0
    reader = _Reader(tokens, value_of)
    found = reader.expression(0, 0)
    if reader.at < len(tokens):
        raise ValueError(f"unexpected {tokens[reader.at]!r}")
    return found


class _Reader:
    def __init__(self, tokens: list[str], value_of: Callable[[str], str]) -> None:
        self.tokens, self.at, self._value_of = tokens, 0, value_of

    def expression(self, lowest: int, depth: int) -> int:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        left = self._operand(depth)
        while self.at < len(self.tokens) and _LEVELS.get(self.tokens[self.at], 0) > lowest:
            sign = self.tokens[self.at]
            self.at += 1
            left = _apply(sign, left, self.expression(_LEVELS[sign], depth + 1))
        return left

    def _operand(self, depth: int) -> int:
        if self.at >= len(self.tokens):
            raise ValueError("an operand is missing")
        token = self.tokens[self.at]
        self.at += 1
        if token.isdigit():
            return int(token)
        if token in _PREFIXES:
            return _PREFIXES[token](self._operand_below(depth))
        if token == "(":  # noqa: S105  a bracket
            return self._bracketed(depth)
        if not token[0].isalpha() and token[0] != "_":
            raise ValueError(f"unexpected {token!r}")
        found = self._value_of(token).strip()
        return int(found) if re.fullmatch(r"-?\d{1,18}", found) else 0

    def _operand_below(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        return self._operand(depth + 1)

    def _bracketed(self, depth: int) -> int:
        found = self.expression(0, depth + 1)
        if self.at >= len(self.tokens) or self.tokens[self.at] != ")":
            raise ValueError("')' is missing")
        self.at += 1
        return found


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"unexpected {text[at]!r}")
        tokens.append(match[1])
        at = match.end()
    return tokens


_PREFIXES: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "!": lambda value: int(not value),
}
_BINARY: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": operator.or_,
    "^": operator.xor,
    "&": operator.and_,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
}


def _apply(sign: str, left: int, right: int) -> int:
    if sign in {"/", "%"} and not right:
        raise ValueError("division by 0")
    value = _BINARY[sign](left, right) % _WRAP
    return value - _WRAP if value >= _WRAP // 2 else value
