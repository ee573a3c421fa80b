"""Lines about a fleet for a terminal, a file or a pipe: wrapped where a person looks, whole everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aifctl.core.printable import printable_line
from aifctl.diagnosis.fleet_health import ChangeHealth, ChangeKind, Condition, FleetHealth, IncidentHealth
from aifctl.output.fleet_sentences import (
    CHANGE_SIGNS,
    change_sentence,
    counted,
    folded_incidents,
    headline,
    incident_facts,
    incident_numbers,
    incident_title,
)
from aifctl.output.fleet_style import COLOURS
from aifctl.output.style import BOLD, DIM, YELLOW, Style

#: For a person; a file or a pipe gets all.
_MOST_INCIDENTS, _MOST_CHANGES = 12, 8
#: Lines that a folded nodeset, or a message, may take on a terminal.
_MOST_WRAPPED = 3
_INDENT, _HANGING = 4, 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A few words in one colour; never broken."""

    text: str
    colour: str = ""


def top_lines(health: FleetHealth, style: Style) -> Iterator[str]:
    """Yield how many nodes are in which condition, and the sentences below that."""
    nodes = f"{len(health.nodes):,} node{'s' * (len(health.nodes) != 1)}:"
    counts = [Piece(f"{count:,} {condition}", COLOURS[condition]) for condition, count in counted(health)]
    yield from joined([Piece(nodes, BOLD), *counts], style)
    for sentence in headline(health):
        yield from wrapped(sentence.text, style, colour=YELLOW if sentence.alarming else "")


def incident_lines(health: FleetHealth, style: Style) -> Iterator[str]:
    """Yield the open incidents, worst first, those that somebody sees to last."""
    if not health.incidents:
        return
    count = len(health.incidents)
    handled = sum(one.handled for one in health.incidents)
    told = f"{count:,} open incident{'s' * (count != 1)}{f', {handled} acked or silenced' if handled else ''}"
    yield from wrapped(told, style, colour=BOLD)
    folds = folded_incidents(health.incidents)
    most = _MOST_INCIDENTS if style.terminal.is_terminal else len(folds)
    for fold_ in folds[:most]:
        yield from _incident(fold_, health.at_s, style)
    if len(folds) > most:
        left = sum(len(fold_) for fold_ in folds[most:])
        yield style.paint(f"and {left:,} more: aifctl incident list", DIM)


def change_lines(health: FleetHealth, style: Style) -> Iterator[str]:
    """Yield what the last sweep found out."""
    if not health.changes:
        return
    told = [f"{count} {kind}" for kind in ChangeKind if (count := sum(one.kind is kind for one in health.changes))]
    yield from wrapped(f"since the sweep before: {', '.join(told)}", style, colour=BOLD)
    most = _MOST_CHANGES if style.terminal.is_terminal else len(health.changes)
    for change in health.changes[:most]:
        yield from _change(change, style)
    if len(health.changes) > most:
        yield style.paint(f"and {len(health.changes) - most:,} more: aifctl events --since 1h", DIM)


def joined(pieces: Sequence[Piece], style: Style, *, indent: int = 0, comma: str = ",") -> Iterator[str]:
    """Yield pieces with commas between them (none behind the first), broken between pieces to fit a terminal."""
    width = style.terminal.width if style.terminal.is_terminal else 0
    line, used = " " * indent, indent
    for at, piece in enumerate(pieces):
        text = piece.text + (comma if 0 < at < len(pieces) - 1 else "")
        if width and used > indent and used + 1 + len(text) > width:
            yield line
            line, used = " " * max(indent, _HANGING), max(indent, _HANGING)
        between = " " if line.strip() else ""
        line += between + style.paint(piece.text, piece.colour) + text[len(piece.text) :]
        used += len(between) + len(text)
    yield line


def wrapped(text: str, style: Style, *, indent: int = 0, hanging: int = 0, colour: str = "") -> Iterator[str]:
    """Yield a text from anywhere, harmless; on a terminal in lines of its width, and no more than a few of them.

    `hanging`: how much further all lines but the first are indented.
    """
    whole = printable_line(text)
    if not style.terminal.is_terminal:
        yield " " * indent + whole
        return
    lines = style.wrap(whole, indent=indent, hanging=hanging)
    if len(lines) > _MOST_WRAPPED:
        last = f"{lines[_MOST_WRAPPED - 1]} {lines[_MOST_WRAPPED].lstrip()}"
        lines = [*lines[: _MOST_WRAPPED - 1], style.cut(last, style.terminal.width - indent)]
    yield from (" " * indent + style.paint(line, colour) for line in lines)


def colour_of(result: str) -> str:
    """Return the colour of a result; of one that is not known here, of a newer version, none."""
    return COLOURS[Condition(result)] if result in set(Condition) else ""


def _incident(alike: Sequence[IncidentHealth], at_s: float, style: Style) -> Iterator[str]:
    one = alike[0]
    colour = DIM if one.handled else colour_of(one.result)
    yield from wrapped(f"{incident_numbers(alike)} {one.result} {incident_title(alike)}", style, colour=colour)
    first = "first: " if len({each.message for each in alike}) > 1 else ""
    yield from wrapped(f"{first}{one.message}", style, indent=_INDENT)
    yield from wrapped(", ".join(incident_facts(one, at_s)), style, indent=_INDENT, colour=DIM)


def _change(change: ChangeHealth, style: Style) -> Iterator[str]:
    told = f"{CHANGE_SIGNS[change.kind]} {change_sentence(change)}"
    colour = "" if change.kind is ChangeKind.CLEARED else colour_of(change.result)
    yield from wrapped(told, style, colour=colour, hanging=_HANGING)


def fitted(lines: Iterable[str], height: int) -> list[str]:
    """Return at most `height` lines, the last of them saying how many are missing."""
    found = list(lines)
    if len(found) <= height:
        return found
    return [
        *found[: height - 1],
        f"... {len(found) - height + 1:,} more lines: make the window higher, or leave --watch away",
    ]
