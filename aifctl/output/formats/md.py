"""-o md: Markdown for tickets and chats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from aifctl.core.report import Column, Head, Item, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.blocks import shared_sentences, tally_line
from aifctl.output.bodies import Line, body_lines
from aifctl.output.by_kind import ByKind
from aifctl.output.cells import cell
from aifctl.output.folding import Folding, Group
from aifctl.output.format import Format, Page
from aifctl.output.rows import Text, shown_columns
from aifctl.output.style import Style
from aifctl.output.tally import RunTally
from aifctl.output.terminal import TerminalFacts

_FENCE = 3
_SPECIAL = re.compile(r"([\\`*_\[\]|#])")


@dataclass(slots=True)
class _Table:
    _columns: tuple[Column, ...] = ()
    _cells: list[list[str]] = field(default_factory=list)

    def open(self, head: Head) -> Iterator[str]:
        self._columns = shown_columns(head.kind, is_wide=False)
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._cells.append([_escaped(cell(item.get(column.key), column.key)) for column in self._columns])
        yield from ()

    def close(self, _report: Report) -> Iterator[str]:
        if self._columns:
            yield _table(self._columns, self._cells)


@dataclass(slots=True)
class _RunPage:
    _folding: Folding = field(default_factory=Folding)
    _tally: RunTally = field(default_factory=RunTally)
    _command: str = ""

    def open(self, head: Head) -> Iterator[str]:
        self._command = cell(head.facts.get("command"))
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._folding.add(item)
        self._tally.add(item)
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        if self._command != "-":
            yield f"{_code(self._command)}\n\n"
        yield f"{tally_line(self._tally, Style(TerminalFacts()))}\n"
        yield from (f"- {_escaped(sentence)}\n" for sentence in shared_sentences(report))
        for group in self._folding.groups():
            yield from self._section(group)

    def _section(self, group: Group) -> Iterator[str]:
        count = f"{len(group.names):,} nodes, " if len(group.names) > 1 else ""
        yield f"\n#### {_code(fold(group.names))}: {count}{group.status}\n"
        fenced: list[str] = []
        part = ""
        for line in body_lines(group):
            if line.part != part:
                yield from _fenced(part, fenced)
                fenced, part = [], line.part
            if line.part in {"stdout", "stderr"}:
                fenced.append(line.text)
            else:
                yield _remark(line)
        yield from _fenced(part, fenced)


def _fenced(part: str, lines: list[str]) -> Iterator[str]:
    """Yield a block whose fence is longer than any in the output, so that output can't end it."""
    if not lines:
        return
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    label = "\nstderr:\n" if part == "stderr" else ""
    yield f"{label}\n{fence}text\n"
    yield from (line + "\n" for line in lines)
    yield fence + "\n"


def _remark(line: Line) -> str:
    return f"\n{_escaped(line.text)}\n"


def _code(text: str) -> str:
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{ticks} {text} {ticks}" if "`" in text else f"`{text}`"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("<", "&lt;")


def _table(columns: tuple[Column, ...], cells: list[list[str]]) -> str:
    from tabulate import tabulate  # noqa: PLC0415  80 ms that other formats don't pay

    titles = [_escaped(column.title) for column in columns]
    align = ["right" if column.right else "left" for column in columns] if cells else None
    return tabulate(cells, headers=titles, tablefmt="pipe", disable_numparse=True, colalign=align) + "\n"


def _make(page: Page) -> ByKind:
    return ByKind(run=_RunPage, rows=_Table, text=lambda: Text(page))


FORMAT = Format(name="md", about="Markdown for tickets and chats", make=_make)
