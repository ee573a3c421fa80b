"""A run as a person reads it: one block per group of equal results, outliers first, then what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aifctl.core.outcome import ANSWERED
from aifctl.core.printable import printable_line
from aifctl.core.report import Head, Item, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.bodies import UNCUT, Cutting, Line, body_lines, is_silent
from aifctl.output.folding import Folding, Group
from aifctl.output.format import Page
from aifctl.output.style import BOLD, DIM, YELLOW, Style
from aifctl.output.tally import RunTally

_HEADING_LINES = 3
_LINES_OF_ALL_GROUPS = 240
_FEWEST_LINES, _MOST_LINES = 8, 60
_LONGEST_IN_WIDTHS = 3
_MESSAGES = 3


@dataclass(slots=True)
class Blocks:
    """The Writing of a run for `table`."""

    page: Page
    _folding: Folding = field(default_factory=Folding)
    _tally: RunTally = field(default_factory=RunTally)
    _run: str = ""
    _names_cut: bool = False

    def open(self, head: Head) -> Iterator[str]:
        self._run = printable_line(str(head.facts.get("run") or ""))
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._folding.add(item)
        self._tally.add(item)
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        groups = [group for group in self._folding.groups() if not self.page.live or group.outcome not in ANSWERED]
        cutting = self._cutting(len(groups))
        for group in groups:
            yield from self._block(group, cutting)
        style = Style(self.page.terminal)
        yield from (style.paint(sentence, BOLD) + "\n" for sentence in shared_sentences(report))
        if self._names_cut:
            remedy = f"aifctl runs show {self._run} -o plain" if self._run else "-o plain"
            yield style.paint(f"Node lists that end in {style.ellipsis} go on; whole: {remedy}", DIM) + "\n"
        yield tally_line(self._tally, style)

    def _cutting(self, groups_count: int) -> Cutting:
        """Cut only for a person, and only where there is something to compare: one group alone is what ssh shows."""
        terminal = self.page.terminal
        if not terminal.is_terminal:
            return UNCUT
        if groups_count <= 1:
            return Cutting(overdrawn=True)
        return Cutting(
            most_lines=max(_FEWEST_LINES, min(_MOST_LINES, _LINES_OF_ALL_GROUPS // groups_count)),
            longest=_LONGEST_IN_WIDTHS * terminal.width,
            overdrawn=True,
            most_messages=_MESSAGES,
            remedy=f"aifctl runs show {self._run} NODE" if self._run else "-o json",
        )

    def _block(self, group: Group, cutting: Cutting) -> Iterator[str]:
        style = Style(self.page.terminal)
        yield from self._heading(group, style)
        part = ""
        for line in body_lines(group, cutting, streams=not self.page.live):
            if line.part == "stderr" != part:
                yield style.paint("  stderr:", DIM) + "\n"
            part = line.part
            yield from _indented(line, group, style)
        if self.page.terminal.is_terminal:
            yield "\n"

    def _heading(self, group: Group, style: Style) -> Iterator[str]:
        names, status = fold(group.names), group.status
        said = group.outcome not in ANSWERED or group.details or not is_silent(group)
        silence = "" if said else ", no output"
        count = f"{len(group.names):,} nodes, " if len(group.names) > 1 else ""
        end = f"{count}{style.outcome(status, group.outcome)}{silence}"
        end_width = len(count) + len(status) + len(silence)
        terminal, rule = self.page.terminal, style.rule * 2
        if not terminal.is_terminal:
            yield f"-- {names}: {end}\n"
            return
        room = terminal.width - 3
        if len(names) + 2 + end_width <= room:
            fill = style.rule * (room - len(names) - 3 - end_width)
            yield f"{style.paint(rule, DIM)} {style.paint(names, BOLD)}: {end} {style.paint(fill, DIM)}".rstrip() + "\n"
            return
        lines = style.wrap_names(names, max(room, 10), _HEADING_LINES)
        self._names_cut = self._names_cut or lines[-1].endswith(style.ellipsis)
        for index, line in enumerate(lines):
            yield f"{'  ' if index else style.paint(rule, DIM)} {style.paint(line, BOLD)}\n"
        yield f"   {end}\n"


def shared_sentences(report: Report) -> list[str]:
    """Return what the sink found out about failures that share a place, harmless and with a capital."""
    return [f"{text[:1].upper()}{text[1:]}." for text in map(printable_line, report.summary.get("shared", ()))]


def tally_line(tally: RunTally, style: Style) -> str:
    """Return the last line: 384 nodes: 351 ok, 32 connect-timeout, 1 exit; p50 0.21 s, p99 1.30 s, max 2.10 s (r3n7)."""
    counts = ", ".join(f"{count:,} {style.outcome(outcome, outcome)}" for outcome, count in tally.outcomes())
    nodes = f"{tally.count:,} node{'s' * (tally.count != 1)}"
    first = f"{style.paint(nodes, BOLD)}{': ' * bool(counts)}{counts}"
    plain_width = len(nodes) + 2 + sum(len(f"{count:,} {outcome}, ") for outcome, count in tally.outcomes())
    fits = not style.terminal.is_terminal or plain_width + len(tally.durations()) <= style.terminal.width
    return f"{first}{_between(fits=fits)}{tally.durations()}\n" if tally.durations() else f"{first}\n"


def _between(*, fits: bool) -> str:
    return "; " if fits else "\n  "


def _indented(line: Line, group: Group, style: Style) -> Iterator[str]:
    """Yield what nodes sent as it came, and sentences of ours between words."""
    if line.part == "remark":
        sentence = style.wrap(f"[{line.text}]", indent=2, hanging=1)
        yield from (style.paint(f"  {part}", YELLOW) + "\n" for part in sentence)
    elif line.part == "message":
        sentence = style.wrap(line.text, indent=2, hanging=2)
        yield from (style.outcome(f"  {part}", group.outcome) + "\n" for part in sentence)
    else:
        yield f"    {line.text}\n" if line.part == "stderr" else f"  {line.text}\n"
