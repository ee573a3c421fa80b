"""A fleet's groups, or its nodes, as a table; what is quiet shares one line, so that what is not stands out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aifctl.core.printable import printable_line
from aifctl.diagnosis.fleet_groups import By, Group, grouped
from aifctl.diagnosis.fleet_health import CONDITION_RANK, WORST_CONDITION_FIRST, Condition, FleetHealth, NodeHealth
from aifctl.fleet.nodeset import fold
from aifctl.output.ages import show_age
from aifctl.output.fleet_lines import Piece, joined
from aifctl.output.fleet_sentences import reason_of, worst_of
from aifctl.output.fleet_style import COLOURS
from aifctl.output.style import BOLD, DIM, Style, width_of

_GAP = 2
#: Fewer quiet groups than this are shown like all others.
_FEW_QUIET = 4
_MOST_GROUPS = 60
#: `gpu-lost r2n1`, and no column that says less.
_LEAST_WORST = 13
#: Titles for terminals that are narrower than the table.
_SHORT = {"degraded": "degr", "unknown": "unkn", "unreachable": "unrch", "unseen": "unsn"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `colour` paints all of it."""

    text: str
    colour: str = ""
    right: bool = False


Row = Sequence[Cell]


def group_lines(health: FleetHealth, by: By, style: Style, *, is_wide: bool) -> Iterator[str]:
    """Yield the table of groups, those that are worst off first; as records where a terminal is narrower than it."""
    groups = grouped(health, by)
    quiet = [group for group in groups if group.is_quiet]
    all_shown = is_wide or len(quiet) < _FEW_QUIET
    loud = [group for group in groups if all_shown or not group.is_quiet]
    if not is_wide:
        loud = sorted(loud, key=lambda group: -CONDITION_RANK[group.worst.condition])
    shown = loud if is_wide or not style.terminal.is_terminal else loud[:_MOST_GROUPS]
    if shown:
        present = [condition for condition in Condition if health.counts[condition]]
        yield from _table(by, shown, present, health, style)
    if len(loud) > len(shown):
        yield style.paint(f"and {len(loud) - len(shown):,} more groups that are not all ok: -o wide", DIM)
    if len(loud) < len(groups):
        count = sum(len(group.nodes) for group in quiet)
        named = printable_line(fold([group.value for group in quiet]))
        told = f"{named}: {count:,} nodes in {len(quiet):,} groups, all ok"
        yield style.paint(_cut(told, style), COLOURS[Condition.OK])


def node_lines(health: FleetHealth, style: Style, *, is_wide: bool) -> Iterator[str]:
    """Yield a line a node; without `is_wide` of those that are not ok alone, the worst first."""
    loud = [node for node in health.nodes if is_wide or node.condition is not Condition.OK]
    if not is_wide:
        loud.sort(key=lambda node: -CONDITION_RANK[node.condition])
    rows = [[Cell(title, BOLD) for title in ("node", "result", "state", "seen", "why")]]
    rows += [_node(one, health) for one in loud]
    room = style.terminal.width - _width([row[:-1] for row in rows]) - _GAP
    if style.terminal.is_terminal and not is_wide and room < _LEAST_WORST:
        yield from (line for row in rows[1:] for line in _node_record(row, style))
    elif loud:
        cut = style.terminal.is_terminal and not is_wide
        yield from _aligned([[*row[:-1], _cut_cell(row[-1], room, style) if cut else row[-1]] for row in rows], style)
    if count := len(health.nodes) - len(loud):
        more = "more " if loud else ""
        yield style.paint(f"{count:,} {more}nodes, all ok", COLOURS[Condition.OK])


def _node(node: NodeHealth, health: FleetHealth) -> list[Cell]:
    return [
        Cell(printable_line(node.node)),
        Cell(node.condition.value, COLOURS[node.condition]),
        Cell("off" if node.off else node.state),
        Cell(_age(node.seen_at_s or None, health.at_s)),
        Cell(printable_line(reason_of(node, health)) or "-"),
    ]


def _node_record(row: Sequence[Cell], style: Style) -> Iterator[str]:
    name, result, state, seen, why = row
    yield f"{style.paint(name.text, BOLD)} {style.paint(result.text, result.colour)}, {state.text}, seen {seen.text}"
    if why.text != "-":
        yield f"  {_cut(why.text, style, indent=_GAP)}"


def _table(
    by: By, groups: Sequence[Group], present: Sequence[Condition], health: FleetHealth, style: Style
) -> Iterator[str]:
    titles = [by.value, "nodes", *(condition.value for condition in present), "worst", "oldest"]
    body = [_group(group, present, health) for group in groups]
    rows: list[Row] = [_heading(titles), *body]
    width = style.terminal.width
    if not style.terminal.is_terminal or _width(rows) <= width:
        yield from _aligned(rows, style)
        return
    rows = [_heading([_SHORT.get(title, title) for title in titles]), *body]
    room = width - _width([row[:-2] for row in rows], gap=1) - 1
    if room < -1:
        yield from (line for group in groups for line in _record(group, health, style))
        return
    yield from _aligned([[*row[:-2], *_in_room(row[-2], room, style)] for row in rows], style, gap=1)


def _heading(titles: Sequence[str]) -> Row:
    return [Cell(title, BOLD, right=0 < at < len(titles) - 2) for at, title in enumerate(titles)]


def _in_room(cell: Cell, room: int, style: Style) -> Row:
    """Return a cell cut to the room there is; none where that is too little to say anything."""
    return (_cut_cell(cell, room, style),) if room >= _LEAST_WORST else ()


def _cut_cell(cell: Cell, room: int, style: Style) -> Cell:
    return Cell(style.cut(cell.text, room), cell.colour)


def _group(group: Group, present: Sequence[Condition], health: FleetHealth) -> Row:
    counts = [
        Cell(str(group.counts[one]) if group.counts[one] else "-", COLOURS[one] if group.counts[one] else DIM, True)
        for one in present
    ]
    worst = Cell(printable_line(worst_of(group)) or "-", COLOURS[group.worst.condition] if worst_of(group) else DIM)
    nodes = Cell(str(len(group.nodes)), right=True)
    return (Cell(printable_line(group.value)), nodes, *counts, worst, Cell(_age(group.oldest_at_s, health.at_s)))


def _record(group: Group, health: FleetHealth, style: Style) -> Iterator[str]:
    counts = [Piece(f"{group.counts[one]} {one}", COLOURS[one]) for one in WORST_CONDITION_FIRST if group.counts[one]]
    yield from joined([Piece(f"{printable_line(group.value)}:", BOLD), *counts], style)
    if worst := printable_line(worst_of(group)):
        yield f"  {_cut(f'{worst}, {_age(group.oldest_at_s, health.at_s)}', style, indent=_GAP)}"


def _age(at_s: float | None, now_s: float) -> str:
    return f"{show_age(now_s - at_s)} ago" if at_s else "-"


def _width(rows: Sequence[Row], *, gap: int = _GAP) -> int:
    widths = [max(width_of(row[at].text) for row in rows) for at in range(len(rows[0]))]
    return sum(widths) + gap * (len(widths) - 1)


def _aligned(rows: Sequence[Row], style: Style, *, gap: int = _GAP) -> Iterator[str]:
    widths = [max(width_of(row[at].text) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = []
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            fill = " " * (width - width_of(cell.text))
            painted = style.paint(cell.text, cell.colour)
            last = at == len(row) - 1
            cells.append(fill + painted if cell.right else painted + ("" if last else fill))
        yield (" " * gap).join(cells).rstrip()


def _cut(text: str, style: Style, *, indent: int = 0) -> str:
    return style.cut(text, style.terminal.width - indent) if style.terminal.is_terminal else text
