"""-o plain: names, one a line; a run as headed blocks with every line of output at the margin, never cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aifctl.core.outcome import ANSWERED
from aifctl.core.printable import printable_line
from aifctl.core.report import Head, Item, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.blocks import shared_sentences, tally_line
from aifctl.output.bodies import Line, body_lines
from aifctl.output.by_kind import ByKind, fleet_drawings
from aifctl.output.folding import Folding, Group
from aifctl.output.format import Format, Page
from aifctl.output.rows import Text
from aifctl.output.style import Style
from aifctl.output.tally import RunTally
from aifctl.output.terminal import TerminalFacts

_RULE = "-" * 15 + "\n"


@dataclass(slots=True)
class _Names:
    _key: str = "node"

    def open(self, head: Head) -> Iterator[str]:
        self._key = head.kind.key
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        yield printable_line(str(item[self._key])) + "\n"

    def close(self, _report: Report) -> Iterator[str]:
        yield from ()


@dataclass(slots=True)
class _PlainBlocks:
    page: Page
    _folding: Folding = field(default_factory=Folding)
    _tally: RunTally = field(default_factory=RunTally)

    def open(self, _head: Head) -> Iterator[str]:
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._folding.add(item)
        self._tally.add(item)
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        for group in self._folding.groups():
            if not self.page.live or group.outcome not in ANSWERED:
                yield from self._block(group)
        yield _RULE
        yield from (sentence + "\n" for sentence in shared_sentences(report))
        yield tally_line(self._tally, Style(TerminalFacts()))

    def _block(self, group: Group) -> Iterator[str]:
        yield f"{_RULE}{fold(group.names)} ({len(group.names)}): {group.status}\n{_RULE}"
        yield from (_at_margin(line) + "\n" for line in body_lines(group, streams=not self.page.live))


def _at_margin(line: Line) -> str:
    return line.text if line.part == "stdout" else f"{line.part}: {line.text}"


def _make(page: Page) -> ByKind:
    return ByKind(
        run=lambda: _PlainBlocks(page), rows=_Names, text=lambda: Text(page), drawings=lambda: fleet_drawings(page)
    )


FORMAT = Format(
    name="plain",
    about="names, one a line; a run as headed blocks, output at the margin, never cut",
    make=_make,
    shows_live=True,
)
