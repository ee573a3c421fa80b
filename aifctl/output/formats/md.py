"""-o md: Markdown for tickets and chats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aifctl.core.report import Column, Head, Item, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.blocks import shared_sentences, tally_line
from aifctl.output.bodies import Line, body_lines
from aifctl.output.by_kind import ByKind
from aifctl.output.cells import cell
from aifctl.output.folding import Folding, Group
from aifctl.output.format import Format, Page, Writing
from aifctl.output.markdown import code, escaped, fenced, table
from aifctl.output.records import value_lines
from aifctl.output.rows import Text, shown_columns
from aifctl.output.style import Style
from aifctl.output.tally import RunTally
from aifctl.output.terminal import TerminalFacts


@dataclass(slots=True)
class _Table:
    _columns: tuple[Column, ...] = ()
    _cells: list[list[str]] = field(default_factory=list)
    _records: bool = False

    def open(self, head: Head) -> Iterator[str]:
        self._columns, self._records = shown_columns(head.kind, is_wide=False), head.kind.records
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        if self._records:
            yield from _record(self._columns, item)
        else:
            self._cells.append([escaped(cell(item.get(column.key), column.key)) for column in self._columns])

    def close(self, _report: Report) -> Iterator[str]:
        if self._columns and not self._records:
            titles, right = [escaped(one.title) for one in self._columns], [one.right for one in self._columns]
            yield table(titles, self._cells, right=right)


def _record(columns: Sequence[Column], item: Item) -> Iterator[str]:
    yield f"- **{escaped(cell(item.get(columns[0].key), columns[0].key))}**\n"
    for column in columns[1:]:
        lines = [escaped(line) for line in value_lines(item.get(column.key), column.key)]
        if len(lines) == 1:
            yield f"  - {escaped(column.title)}: {lines[0]}\n"
        elif lines:
            yield f"  - {escaped(column.title)}:\n" + "".join(f"    - {line.strip()}\n" for line in lines)


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
            yield f"{code(self._command)}\n\n"
        yield f"{tally_line(self._tally, Style(TerminalFacts()))}\n"
        yield from (f"- {escaped(sentence)}\n" for sentence in shared_sentences(report))
        for group in self._folding.groups():
            yield from self._section(group)

    def _section(self, group: Group) -> Iterator[str]:
        count = f"{len(group.names):,} nodes, " if len(group.names) > 1 else ""
        yield f"\n#### {code(fold(group.names))}: {count}{group.status}\n"
        body: list[str] = []
        part = ""
        for line in body_lines(group):
            if line.part != part:
                yield from _fenced(part, body)
                body, part = [], line.part
            if line.part in {"stdout", "stderr"}:
                body.append(line.text)
            else:
                yield _remark(line)
        yield from _fenced(part, body)


def _fenced(part: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield "\nstderr:\n" if part == "stderr" else ""
        yield f"\n{fenced(lines)}"


def _remark(line: Line) -> str:
    return f"\n{escaped(line.text)}\n"


def _make(page: Page) -> ByKind:
    return ByKind(run=_RunPage, rows=_Table, text=lambda: Text(page), drawings=_drawings)


def _drawings() -> Mapping[str, Callable[[], Writing]]:
    from aifctl.output.fleet_md import drawings  # noqa: PLC0415  for the verbs that draw

    return drawings()


FORMAT = Format(name="md", about="Markdown for tickets and chats", make=_make)
