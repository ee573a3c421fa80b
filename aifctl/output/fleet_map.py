"""A fleet as a map: one letter a node, racks as they stand, a few screens for thousands of nodes.

A row is a rack; where racks are small a row is their unit, with a gap between racks. Nodes stand by rack unit, lowest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from aifctl.core.printable import printable_line
from aifctl.diagnosis.fleet_health import CONDITION_RANK, FleetHealth, NodeHealth
from aifctl.fleet.nodeset_order import natural_key
from aifctl.output.fleet_style import COLOURS, letter_of, meaning_of
from aifctl.output.style import BOLD, Style

#: Racks of fewer nodes than this, on average, don't get a row of their own.
_SMALL_RACK = 8
#: Nodes of which nothing is known but their names stand in rows of so many.
_ROW = 32
_GAP = 2
_LONGEST_LABEL = 16

Cells = Sequence[NodeHealth]
_Each = TypeVar("_Each")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One row: its name, and its racks (or itself alone), each the nodes in order of their place."""

    label: str
    racks: tuple[tuple[NodeHealth, ...], ...]


def map_halls(health: FleetHealth) -> Iterator[tuple[str, list[MapRow]]]:
    """Yield each hall with its rows, in natural order; nodes without a hall are in ""."""
    halls: dict[str, list[NodeHealth]] = {}
    for node in health.nodes:
        halls.setdefault(node.place.hall, []).append(node)
    for hall in sorted(halls, key=natural_key):
        yield hall, _rows(halls[hall])


def map_lines(health: FleetHealth, style: Style) -> Iterator[str]:
    """Yield the map and below it what its letters mean."""
    halls = list(map_halls(health))
    for hall, rows in halls:
        if len(halls) > 1:
            yield style.paint(f"hall {printable_line(hall) or '-'}", BOLD)
        yield from _packed(rows, style)
    yield from _legend(health.nodes, style)


def _rows(nodes: Sequence[NodeHealth]) -> list[MapRow]:
    racks: dict[tuple[str, str], list[NodeHealth]] = {}
    for node in nodes:
        racks.setdefault((node.place.su, node.place.rack), []).append(node)
    if not any(rack for _, rack in racks):
        return [MapRow(label=each[0].place.su or each[0].node, racks=(each,)) for each in _by_su(nodes)]
    ordered = [
        (su, rack, tuple(sorted(those, key=lambda node: node.place.unit)))
        for (su, rack), those in sorted(racks.items(), key=lambda one: tuple(map(natural_key, one[0])))
    ]
    if len(nodes) >= _SMALL_RACK * len(racks) or not all(su for su, _ in racks):
        return [MapRow(label=rack or "-", racks=(those,)) for _, rack, those in ordered]
    return [
        MapRow(label=su, racks=tuple(those for _, _, those in group))
        for su, group in groupby(ordered, key=lambda one: one[0])
    ]


def _by_su(nodes: Sequence[NodeHealth]) -> Iterator[tuple[NodeHealth, ...]]:
    for _, those in groupby(nodes, key=lambda node: node.place.su):
        yield from _batched(those, _ROW)


def _packed(rows: Sequence[MapRow], style: Style) -> Iterator[str]:
    """Yield the rows, as many beside each other as there is room for."""
    width = style.terminal.width
    label_width = min(_LONGEST_LABEL, max(len(printable_line(row.label)) for row in rows))
    room = max(width - label_width - 1, 1)
    lines = [line for row in rows for line in _broken(row, label_width, room, style)]
    widest = max(line_width for line_width, _ in lines)
    beside = max(1, (width + _GAP) // (widest + _GAP))
    for some in _batched(lines, beside):
        yield (" " * _GAP).join(text + " " * (widest - line_width) for line_width, text in some).rstrip()


def _broken(row: MapRow, label_width: int, room: int, style: Style) -> Iterator[tuple[int, str]]:
    """Yield a row as lines of (width, text); what does not fit even without gaps between racks goes on below."""
    nodes_count, between = sum(map(len, row.racks)), " "
    if nodes_count <= room < nodes_count + len(row.racks) - 1:
        between = ""
    label = style.cut(printable_line(row.label), label_width)
    line: list[Cells] = []
    used = 0
    for cells in _pieces(row.racks, room):
        if line and used + len(between) + len(cells) > room:
            yield _line(f"{label:<{label_width}}", line, between, style)
            label, line, used = "", [], 0
        used += len(cells) + len(between) * bool(line)
        line.append(cells)
    yield _line(f"{label:<{label_width}}", line, between, style)


def _pieces(racks: Iterable[Cells], room: int) -> Iterator[Cells]:
    for rack in racks:
        yield from _batched(rack, room)


def _line(label: str, racks: Sequence[Cells], between: str, style: Style) -> tuple[int, str]:
    width = len(label) + 1 + sum(map(len, racks)) + len(between) * (len(racks) - 1)
    return width, f"{label} {between.join(_painted(cells, style) for cells in racks)}"


def _painted(cells: Cells, style: Style) -> str:
    """Return letters, each run of one colour painted once."""
    return "".join(
        style.paint("".join(map(letter_of, run)), COLOURS[condition])
        for condition, run in groupby(cells, key=lambda node: node.condition)
    )


def letters(nodes: Iterable[NodeHealth]) -> Mapping[str, tuple[NodeHealth, int]]:
    """Return the letters there are, best condition first, each with a node that has it and how many have."""
    counts: dict[str, int] = {}
    examples: dict[str, NodeHealth] = {}
    for node in nodes:
        letter = letter_of(node)
        counts[letter] = counts.get(letter, 0) + 1
        examples.setdefault(letter, node)
    ordered = sorted(examples, key=lambda letter: (CONDITION_RANK[examples[letter].condition], letter))
    return {letter: (examples[letter], counts[letter]) for letter in ordered}


def _legend(nodes: Iterable[NodeHealth], style: Style) -> Iterator[str]:
    line, used = "", 0
    for letter, (node, count) in letters(nodes).items():
        text = f"{letter} {meaning_of(node)} {count:,}"
        if line and used + _GAP + len(text) > style.terminal.width:
            yield line
            line, used = "", 0
        painted = style.paint(letter, COLOURS[node.condition]) + text[1:]
        line += " " * _GAP * bool(line) + painted
        used += len(text) + _GAP * bool(used)
    if line:
        yield line


def _batched(items: Iterable[_Each], count: int) -> Iterator[tuple[_Each, ...]]:
    whole = tuple(items)
    yield from (whole[at : at + count] for at in range(0, len(whole), count))
