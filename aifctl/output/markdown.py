"""Markdown from text that may hold anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aifctl.core.printable import printable_line

_FENCE = 3
_SPECIAL = re.compile(r"([\\`*_\[\]|#])")


def escaped(text: str) -> str:
    """Return printable text so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text).replace("<", "&lt;")


def code(text: str) -> str:
    """Return printable text as code in a line."""
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{ticks} {text} {ticks}" if "`" in text else f"`{text}`"


def fenced(lines: Sequence[str]) -> str:
    """Return lines as a block whose fence is longer than any in them, so that they can't end it."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence]) + "\n"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool] = ()) -> str:
    """Return a table of escaped cells."""
    from tabulate import tabulate  # noqa: PLC0415  80 ms that other formats don't pay

    sides = [*right, *([False] * (len(titles) - len(right)))]
    align = ["right" if side else "left" for side in sides] if rows else None
    return tabulate(rows, headers=titles, tablefmt="pipe", disable_numparse=True, colalign=align) + "\n"


def cells(values: Sequence[str]) -> list[str]:
    """Return texts from anywhere as cells of a table."""
    return [escaped(printable_line(value)) or "-" for value in values]
