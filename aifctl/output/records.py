"""Items one below the other: a heading, and a line for each value that there is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aifctl.core.report import Column, Item
from aifctl.output.cells import cell
from aifctl.output.style import BOLD, DIM, Style

_GAP = 2
#: Beside a label there must be room for a few words; else the value stands below it.
_LEAST_BESIDE = 20
_WORD = re.compile(r"[a-z]+(?=$|[ ,])")


def records(columns: Sequence[Column], items: Sequence[Item], style: Style, *, is_wrapped: bool) -> Iterator[str]:
    """Yield lines; values are wrapped between words where a person looks at them, and whole elsewhere."""
    width = style.terminal.width if is_wrapped and style.terminal.is_terminal else 0
    for number, item in enumerate(items):
        if number:
            yield "\n"
        heading = cell(item.get(columns[0].key), columns[0].key)
        yield from (_headed(line, style) + "\n" for line in _wrapped([heading], width))
        told = [(one, lines) for one in columns[1:] if (lines := value_lines(item.get(one.key), one.key))]
        yield from labelled(told, style, width, paint=lambda _, line: _painted(line, style))


def labelled(
    told: Sequence[tuple[Column, Sequence[str]]], style: Style, width: int, *, paint: Callable[[Column, str], str]
) -> Iterator[str]:
    """Yield the lines of columns, each beside its title or, where that leaves no room, below it; width 0 wraps nothing."""
    label_width = max((len(column.title) for column, _ in told), default=0)
    beside = _GAP + label_width + _GAP
    is_beside = not width or width - beside >= _LEAST_BESIDE
    indent = " " * (beside if is_beside else 2 * _GAP)
    for column, lines in told:
        label = style.paint(f"{column.title:<{label_width}}" if is_beside else column.title, DIM)
        first = f"{' ' * _GAP}{label}{' ' * _GAP}" if is_beside else f"{' ' * _GAP}{label}\n{indent}"
        for line in _wrapped(lines, max(width - len(indent), 1) if width else 0):
            yield f"{first}{paint(column, line)}\n"
            first = indent


def value_lines(value: Any, key: str) -> list[str]:
    """Return a value as lines: of a list of texts each its own; none where there is no value."""
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return [cell(part) for part in value]
    text = cell(value, key)
    return [] if value is None or text == "-" else [text]


def _headed(text: str, style: Style) -> str:
    painted = _painted(text, style)
    return painted if painted != text else style.paint(text, BOLD)


def _painted(text: str, style: Style) -> str:
    """Return a line with the result that it begins with in its colour."""
    first = _WORD.match(text)
    if not style.terminal.colour or first is None:
        return text
    from aifctl.output.fleet_style import RESULT_COLOURS  # noqa: PLC0415  for terminals with colour

    colour = RESULT_COLOURS.get(first[0])
    return style.paint(first[0], colour) + text[first.end() :] if colour else text


def _wrapped(lines: Sequence[str], width: int) -> Iterator[str]:
    for line in lines:
        if not width:
            yield line
            continue
        yield from textwrap.wrap(
            line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        ) or [""]
