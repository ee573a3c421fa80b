"""Selector text → tree. A plain nodeset means what ClusterShell reads in it; groups, words and ( ) come on top.

Two names side by side are an error, not a union: in `@all nto @rack:r12` one slip of the finger would select all.
`not`, `and` and `xor` are operators only behind an operand; elsewhere they are names like any other.
"""

from __future__ import annotations

import re

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.fleet.nodeset_ranges import end_of_term, parse_pattern, skip_space
from aifctl.fleet.selector_terms import parse_term
from aifctl.fleet.selector_tree import Expression, Kind, Names, Operand, Operator, Selector, Term

_MOST_NESTED = 50
_OPERATOR = re.compile(r"[,!&^]|(?:not|and|xor)(?=[\s(@]|$)")
_WORDS = {"not": Operator.MINUS, "and": Operator.AND, "xor": Operator.XOR}
_LEADING_NOT = re.compile(r"not\s+(?=[^\s,!&^)])")
_NEIGHBOUR = re.compile(r"[^\s,!&^()]+")


def parse_selector(text: str) -> Selector:
    """Return what a selector says; NodeSetSyntaxError with the column of the first character that does not fit."""
    at = skip_space(text, 0)
    if at == len(text):
        raise NodeSetSyntaxError("the selector is empty; name nodes, or @all", text=text, column=0)
    parser = _Parser(text)
    expression, at = parser.expression(at, depth=0)
    if at < len(text):
        raise NodeSetSyntaxError("')' closes nothing", text=text, column=at)
    return Selector(text=text, expression=expression)


class _Parser:
    """Recursive descent; each method takes a column and returns what it read and the next column that holds something."""

    def __init__(self, text: str) -> None:
        self._text = text

    def expression(self, at: int, *, depth: int) -> tuple[Expression, int]:
        first, at = self._operand(at, depth=depth, behind=None)
        steps: list[tuple[Operator, Operand]] = []
        while at < len(self._text) and self._text[at] != ")":
            match = _OPERATOR.match(self._text, at)
            if not match:
                raise self._side_by_side(at)
            operand, at = self._operand(skip_space(self._text, match.end()), depth=depth, behind=match)
            steps.append((_WORDS.get(match[0]) or Operator(match[0]), operand))
        return Expression(first=first, steps=tuple(steps)), at

    def _operand(self, at: int, *, depth: int, behind: re.Match[str] | None) -> tuple[Operand, int]:
        text = self._text
        if text[at : at + 1] == "(":
            return self._parenthesis(at, depth=depth)
        if at == len(text) or text[at] in ",!&^)":
            raise self._missing(at, behind)
        if _LEADING_NOT.match(text, at):
            before = f"a not b, in place of a {behind[0]} not b" if behind else "@all not b"
            raise NodeSetSyntaxError(f"`not` needs an operand before it; write {before}", text=text, column=at)
        end = end_of_term(text, at)
        return self._term(at, end), skip_space(text, end)

    def _parenthesis(self, at: int, *, depth: int) -> tuple[Operand, int]:
        text = self._text
        if depth == _MOST_NESTED:
            raise NodeSetSyntaxError(f"parentheses stand more than {_MOST_NESTED} deep", text=text, column=at)
        inside = skip_space(text, at + 1)
        if inside == len(text):
            raise NodeSetSyntaxError("'(' is never closed", text=text, column=at)
        expression, end = self.expression(inside, depth=depth + 1)
        if end == len(text):
            raise NodeSetSyntaxError("'(' is never closed", text=text, column=at)
        return expression, skip_space(text, end + 1)

    def _term(self, at: int, end: int) -> Operand:
        typed = self._text[at:end]
        if typed == "-":
            return Term(kind=Kind.STDIN, text=typed, column=at, value_column=at)
        if not typed.startswith("@"):
            return Names(pattern=parse_pattern(self._text, at, end))
        return parse_term(self._text, at, end)

    def _missing(self, at: int, behind: re.Match[str] | None) -> NodeSetSyntaxError:
        if at < len(self._text):
            return NodeSetSyntaxError(f"a name is missing before {self._text[at]!r}", text=self._text, column=at)
        if behind is None:
            return NodeSetSyntaxError("a name is missing", text=self._text, column=at)
        return NodeSetSyntaxError(f"nothing follows {behind[0]!r}", text=self._text, column=behind.start())

    def _side_by_side(self, at: int) -> NodeSetSyntaxError:
        match = _NEIGHBOUR.match(self._text, at)
        word = match[0] if match else self._text[at]
        advice = "union is written with a comma" if word == "or" else f"write a comma before {word!r} to select both"
        return NodeSetSyntaxError(f"an operator is missing; {advice}", text=self._text, column=at)
