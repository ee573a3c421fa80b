"""Rows under column titles: for a person, fitted to a terminal; for a file or a pipe, aligned and whole."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.core.report import Column, Head, Item, Kind, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.cells import cell
from aifctl.output.format import Page
from aifctl.output.records import labelled, records
from aifctl.output.style import BOLD, Style

#: Below this a wrapped column is a strip of syllables: rows are shown as records then.
_LEAST_WRAPPED = 12
#: A text that takes more lines than this beside its row is easier to read below it; a word that is longer is broken.
_MOST_LINES, _LONGEST_WORD = 6, 32
_GAP = 2
_WIDEST_NODESET = 40

#: Rich takes 0.4 ms of CPU a row (2.6 s for 6,250), tabulate 0.03 ms; a person reads a few screens of rows at most.
_ROWS_FOR_RICH = 300


@dataclass(slots=True)
class Rows:
    """The Writing of rows for `table` and `wide`; keeps cells, not items, because widths are known at the end."""

    page: Page
    is_wide: bool = False
    _columns: tuple[Column, ...] = ()
    _cells: list[list[str]] = field(default_factory=list)
    _merges: bool = False
    _records: bool = False
    _items: list[Item] = field(default_factory=list)

    def open(self, head: Head) -> Iterator[str]:
        self._records = head.kind.records
        self._columns = shown_columns(head.kind, is_wide=self.is_wide)
        self._merges = head.kind.merges and not self.is_wide and self._columns[0].key == head.kind.key
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        if self._records:
            self._items.append(item)
        else:
            self._cells.append([cell(item.get(column.key), column.key) for column in self._columns])
        yield from ()

    def close(self, _report: Report) -> Iterator[str]:
        terminal = self.page.terminal
        if not self._columns:
            return
        if self._records:
            yield from records(self._columns, self._items, Style(terminal), is_wrapped=not self.is_wide)
            return
        if self._merges:
            self._cells = merged(self._cells)
        if terminal.is_terminal and not self.is_wide and len(self._cells) <= _ROWS_FOR_RICH:
            wrapped = _wrapped_columns(self._columns, self._cells, terminal.width)
            if wrapped is None:
                yield from _records(self._columns, self._cells, Style(terminal))
            else:
                yield _rich_table(self._columns, self._cells, Style(terminal), wrapped)
            return
        for number, line in enumerate(_aligned(self._columns, self._cells)):
            is_cut = terminal.is_terminal and not self.is_wide
            shown = Style(terminal).cut(line, terminal.width) if is_cut else line
            yield (shown if number else Style(terminal).paint(shown, BOLD)) + "\n"


@dataclass(slots=True)
class Text:
    """The Writing of a report that is one text: as it is, or, on a terminal, with control characters escaped."""

    page: Page
    _key: str = ""

    def open(self, head: Head) -> Iterator[str]:
        self._key = head.kind.text
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        text = str(item.get(self._key) or "")
        yield printable(text) if self.page.terminal.is_terminal else text
        if text and not text.endswith("\n"):
            yield "\n"

    def close(self, _report: Report) -> Iterator[str]:
        yield from ()


def merged(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return one row for all that are alike but for the name in their first cell, the fewest names first."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name, *rest in rows:
        names.setdefault(tuple(rest), []).append(name)
    return [[_folded(those), *rest] for rest, those in sorted(names.items(), key=lambda pair: len(pair[1]))]


def _folded(names: Sequence[str]) -> str:
    """Return a nodeset that a column has room for; the whole of it is in `-o nodeset`."""
    text = fold(names)
    if len(text) <= _WIDEST_NODESET:
        return text
    return f"{text[: _WIDEST_NODESET - 1]}… {len(names):,} nodes"


def shown_columns(kind: Kind, *, is_wide: bool) -> tuple[Column, ...]:
    """Return the columns that a table has."""
    return tuple(column for column in kind.columns if is_wide or not column.wide)


def _aligned(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    from tabulate import tabulate  # noqa: PLC0415  80 ms that machine formats don't pay

    text = tabulate(
        cells,
        headers=[column.title for column in columns],
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in columns] if cells else None,
    )
    yield from (line.rstrip() for line in text.split("\n"))


def _wrapped_columns(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> Mapping[int, int] | None:
    """Return which columns may be wrapped, and how narrow, so that all others stay whole; None where none will.

    As few as will do. Words can be wrapped; a name, an id or a fingerprint in two halves is no use to anybody.
    """
    widths = [
        max(len(text) for text in (column.title, *(row[at] for row in cells))) for at, column in enumerate(columns)
    ]
    least = [_least_width(widths[at], (row[at] for row in cells)) for at in range(len(columns))]
    words = [at for at in range(len(columns)) if any(" " in row[at] for row in cells)]
    words.sort(key=lambda at: -widths[at])
    whole = sum(widths) + _GAP * (len(widths) - 1)
    for count in range(len(words) + 1):
        wrapped = words[:count]
        others = whole - sum(widths[at] for at in wrapped)
        if others + sum(least[at] for at in wrapped) <= width:
            return {at: least[at] for at in wrapped}
    return None


def _least_width(widest: int, texts: Iterable[str]) -> int:
    """Return how narrow a column of words may become: no word in two halves, and no text a strip of many lines."""
    words = (len(word) for text in texts for word in text.split())
    longest = max((length for length in words if length <= _LONGEST_WORD), default=0)
    return min(widest, max(_LEAST_WRAPPED, longest, -(-widest // _MOST_LINES)))


def _records(columns: Sequence[Column], cells: Sequence[Sequence[str]], style: Style) -> Iterator[str]:
    """Yield each row as a heading and a line for each value, for terminals that are narrower than a table."""
    first, *rest = columns
    for name, *values in cells:
        yield style.paint(f"{first.title} {name}" if first.right else name, BOLD) + "\n"
        told = [(column, [text]) for column, text in zip(rest, values, strict=True) if text != "-"]
        yield from labelled(told, style, style.terminal.width, paint=partial(_painted, style=style))


def _rich_table(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], style: Style, wrapped: Mapping[int, int]
) -> str:
    from rich.console import Console  # noqa: PLC0415  60 ms that only a terminal pays
    from rich.table import Table  # noqa: PLC0415  terminals alone pay for Rich
    from rich.text import Text as RichText  # noqa: PLC0415  terminals alone pay for Rich

    terminal = style.terminal
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for at, column in enumerate(columns):
        title, least = RichText(column.title), wrapped.get(at)
        table.add_column(
            title,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=least is None,
            min_width=least,
        )
    for row in cells:
        table.add_row(*(RichText.from_ansi(_painted(*pair, style=style)) for pair in zip(columns, row, strict=True)))
    # No file of its own: what Rich draws must go through the same encoding and the same broken pipes as all else.
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        width=max(terminal.width, 20),
        color_system="standard" if terminal.colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(table)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


def _painted(column: Column, text: str, *, style: Style) -> str:
    if column.key != "outcome" or text not in set(Outcome):
        return text
    return style.outcome(text, Outcome(text))
