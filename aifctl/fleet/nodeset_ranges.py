"""Nodeset text → names: ClusterShell's ranges, r[01-12]n[1-9/2], read by a parser that knows no group configuration.

Text is joined as it is written: n0[0-2] is n00 n01 n02, and n[1-3]5 is n15 n25 n35. ClusterShell has one surprise, kept
because its users' nodesets must mean here what they mean there: where a range behind digits crosses a power of ten, the
digits belong to its two ends, so that n1[8-12] is n18 to n112.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from aifctl.core.errors import NodeSetSyntaxError

#: More names than this from one text are an error, long before they are a memory problem.
MOST_NAMES = 1_000_000

_MOST_CHARACTERS = 64 * MOST_NAMES
_MOST_DIGITS = 100  # ClusterShell's limit too

_DIGITS = frozenset("0123456789")

_RESERVED = r"\s,!&^()\[\]"
_TEXT = re.compile(rf"[^{_RESERVED}]+")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SPAN = re.compile(
    r"\s*(?P<first>-?[0-9]+)\s*(?:-\s*(?P<last>-?[0-9]+)\s*)?(?:/\s*(?P<step>[0-9]+)\s*)?", flags=re.ASCII
)
_SPACE = re.compile(r"\s*")
_NAME = re.compile(rf"[^{_RESERVED}@*?\x00-\x1f\x7f][^{_RESERVED}*?\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One term of a nodeset: texts and axes in turn, each a tuple of alternatives; a text has one.

    Attributes:
        text: as it was written.
        column: where it stands, 0-based.
    """

    parts: tuple[tuple[str, ...], ...]
    text: str
    column: int

    @property
    def count(self) -> int:
        return math.prod(map(len, self.parts))

    @property
    def longest(self) -> int:
        return sum(max(map(len, part)) for part in self.parts)

    def names(self) -> Iterator[str]:
        """Yield the names as written, the last axis fastest; what is written twice comes twice."""
        return map("".join, product(*self.parts))


def is_name(text: str) -> bool:
    """Return whether a node (or group, or rack) may be called this: whether a nodeset can hold it as it is."""
    return text != "-" and _NAME.fullmatch(text) is not None


def expand(text: str) -> list[str]:
    """Return the names of a nodeset in the order written; NodeSetSyntaxError with the column, or beyond MOST_NAMES.

    Ranges and commas alone: operators and groups need a selector. "" holds no names.
    """
    names: list[str] = []
    for pattern in parse_patterns(text):
        if len(names) + pattern.count > MOST_NAMES:
            raise _too_many(text, pattern.column)
        names += pattern.names()
    return names


def parse_patterns(text: str) -> Iterator[Pattern]:
    """Yield the terms between the commas; white space around them is ignored."""
    at = skip_space(text, 0)
    while at < len(text):
        end = end_of_term(text, at)
        if end == at:
            raise NodeSetSyntaxError(_misplaced(text[at]), text=text, column=at)
        yield parse_pattern(text, at, end)
        at = skip_space(text, end)
        if at == len(text):
            return
        if text[at] != ",":
            raise NodeSetSyntaxError(_misplaced(text[at]), text=text, column=at)
        comma, at = at, skip_space(text, at + 1)
        if at == len(text):
            raise NodeSetSyntaxError("nothing follows the last comma", text=text, column=comma)


def skip_space(text: str, start: int) -> int:
    """Return the next column that holds something, or the text's length."""
    match = _SPACE.match(text, start)
    return match.end() if match else start


def end_of_term(text: str, start: int) -> int:
    """Return where the term that starts here ends: at white space, an operator or a parenthesis outside brackets."""
    at = start
    while at < len(text) and (match := _TEXT.match(text, at) or _BRACKET.match(text, at)):
        at = match.end()
    if at < len(text) and text[at] in "[]":
        raise _bracket_error(text, at)
    return at


def parse_pattern(text: str, start: int, end: int) -> Pattern:
    """Read the one term that `end_of_term` found; columns of errors are those of the whole text."""
    if (bracket := text.find("[", start, end)) < 0:
        return Pattern(parts=((text[start:end],),), text=text[start:end], column=start)
    parts: list[tuple[str, ...]] = []
    at = start
    while bracket >= 0:
        closing = text.index("]", bracket)
        before, values = _axis(text, bracket + 1, closing, before=text[at:bracket], after=text[closing + 1 : end])
        parts += [(before,), values]
        if math.prod(map(len, parts)) > MOST_NAMES:  # before the next axis is made
            raise _too_many(text, start)
        at, bracket = closing + 1, text.find("[", closing, end)
    parts.append((text[at:end],))
    pattern = Pattern(parts=tuple(part for part in parts if part != ("",)), text=text[start:end], column=start)
    if pattern.count * pattern.longest > _MOST_CHARACTERS:
        raise _too_many(text, start)
    return pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """first-last/step; `width` is 0 without padding."""

    first: int
    last: int
    step: int
    width: int

    @property
    def count(self) -> int:
        return (self.last - self.first) // self.step + 1

    def values(self) -> Iterator[str]:
        numbers = range(self.first, self.last + 1, self.step)
        return (str(number).zfill(self.width) for number in numbers) if self.width else map(str, numbers)


def _axis(text: str, start: int, end: int, *, before: str, after: str) -> tuple[str, tuple[str, ...]]:
    """Return (what stays before the bracket, the bracket's alternatives); start and end are those of its inside."""
    bare = before.rstrip("0123456789")
    spans = list(_spans(text, start, end))
    beside_digits = bare != before or after[:1] in _DIGITS
    if beside_digits and any(span.first < 0 for span in spans):
        raise NodeSetSyntaxError("a range below zero can't stand beside digits", text=text, column=start)
    if sum(span.count for span in spans) > MOST_NAMES:
        raise _too_many(text, start)
    values = tuple(value for span in spans for value in span.values())
    if bare == before or after[:1] in _DIGITS or len(set(map(len, values))) == 1:
        return before, values
    return bare, tuple(_behind_digits(text, start, values, before[len(bare) :]))


def _behind_digits(text: str, column: int, values: Iterable[str], digits: str) -> Iterator[str]:
    """Yield the values behind digits; a stretch that crosses a power of ten is a range between its two ends."""
    for stretch in _stretches(sorted(set(values), key=lambda value: (len(value), value))):
        if len(stretch[0]) == len(stretch[-1]):
            yield from (digits + value for value in stretch)
            continue
        low, high = digits + stretch[0], digits + stretch[-1]
        if digits.startswith("0"):
            raise NodeSetSyntaxError(f"the ends of {low}-{high} differ in width", text=text, column=column)
        if int(high) - int(low) >= MOST_NAMES:
            raise _too_many(text, column)
        yield from map(str, range(int(low), int(high) + 1))


def _stretches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what is consecutive: 8 9 10, or 08 09 10; where numbers of a width are padded, a stretch keeps that width."""
    padded_widths = {len(value) for value in values if _padded(value)}
    start = 0
    for at in range(1, len(values)):
        before, value = values[at - 1], values[at]
        widths = {len(before), len(value)}
        if int(value) != int(before) + 1 or (len(widths) > 1 and widths & padded_widths):
            yield values[start:at]
            start = at
    yield values[start:]


def _spans(text: str, start: int, end: int) -> Iterator[_Span]:
    at = start
    for piece in text[start:end].split(","):
        yield _span(piece, text, at + len(piece) - len(piece.lstrip()))
        at += len(piece) + 1


def _span(piece: str, text: str, column: int) -> _Span:
    match = _SPAN.fullmatch(piece)
    if not match:
        reason = f"{piece.strip()!r} is not a range; write 3, 1-9 or 1-9/2" if piece.strip() else "a range is missing"
        raise NodeSetSyntaxError(reason, text=text, column=column)
    first, last, step = match["first"], match["last"] or match["first"], int(match["step"] or 1)
    if mistake := _mistake(first, last, step, alone=match["last"] is None):
        raise NodeSetSyntaxError(mistake, text=text, column=column)
    return _Span(
        first=int(first), last=int(last), step=step, width=len(first) if _padded(first) or _padded(last) else 0
    )


def _mistake(first: str, last: str, step: int, *, alone: bool) -> str:
    if max(len(first), len(last)) > _MOST_DIGITS:
        return f"a number has more than {_MOST_DIGITS} digits"
    if step < 1 or (step > 1 and alone):
        return f"the step /{step} makes no sense behind a single number" if step else "a step of 0 never ends"
    if first.startswith("-0") and first != "-0":
        return f"{first} is padded, and numbers below zero can't be"
    if (_padded(first) or _padded(last)) and len(first) != len(last):
        return f"the ends of {first}-{last} differ in width; write {first.zfill(len(last))}-{last.zfill(len(first))}"
    if int(first) > int(last):
        return f"the range {first}-{last} runs backwards; write {last}-{first}"
    return ""


def _padded(number: str) -> bool:
    return number.startswith("0") and len(number) > 1


def _too_many(text: str, column: int) -> NodeSetSyntaxError:
    return NodeSetSyntaxError(f"that would be more than {MOST_NAMES:,} names", text=text, column=column)


def _misplaced(character: str) -> str:
    if character == ",":
        return "a name is missing before the comma"
    if character in "()!&^":
        return f"{character!r} has no place in a plain list of names"
    return "write a comma between two names"


def _bracket_error(text: str, at: int) -> NodeSetSyntaxError:
    if text[at] == "]":
        return NodeSetSyntaxError("']' closes no bracket", text=text, column=at)
    inner = text.find("[", at + 1)
    if inner < 0:
        return NodeSetSyntaxError("'[' is never closed", text=text, column=at)
    return NodeSetSyntaxError("a bracket stands inside a bracket", text=text, column=inner)
