"""Colour, and text cut to a width: the few things that depend on what a terminal can show."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from aifctl.core.outcome import Outcome
from aifctl.output.terminal import TerminalFacts

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"

_COLOURS = {
    Outcome.OK: GREEN,
    Outcome.SKIPPED: DIM,
    Outcome.CANCELLED: YELLOW,
    Outcome.TIMEOUT: YELLOW,
    Outcome.THROTTLED: YELLOW,
}


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw on one terminal. Whatever is painted must be printable already."""

    terminal: TerminalFacts

    def paint(self, text: str, colour: str) -> str:
        """Return `text` in a colour, or as it is where colour is not wanted."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.terminal.colour and text else text

    def outcome(self, text: str, outcome: Outcome) -> str:
        """Return `text` in an outcome's colour."""
        return self.paint(text, _COLOURS.get(outcome, RED))

    @property
    def ellipsis(self) -> str:
        return "…" if self.terminal.unicode else "..."

    @property
    def rule(self) -> str:
        return "─" if self.terminal.unicode else "-"

    def cut(self, text: str, width: int) -> str:
        """Return one line cut to `width` columns, with an ellipsis where something is missing."""
        if len(text) * 2 <= width or width_of(text) <= width:
            return text
        room, kept = width - len(self.ellipsis), 0
        for at, character in enumerate(text):
            kept += width_of(character)
            if kept > room:
                return text[:at] + self.ellipsis
        return text

    def wrap(self, text: str, *, indent: int = 0, hanging: int = 0) -> list[str]:
        """Break one line between words, for a terminal from its column `indent` on; those behind the first `hanging` further in."""
        room = max(self.terminal.width - indent, 10)
        if not self.terminal.is_terminal or width_of(text) <= room:
            return [text]
        return textwrap.wrap(text, room, subsequent_indent=" " * hanging, break_on_hyphens=False) or [""]

    def wrap_names(self, nodeset: str, width: int, most_lines: int) -> list[str]:
        """Break a nodeset behind commas into lines of `width`; what is beyond `most_lines` becomes an ellipsis."""
        lines = _broken(nodeset.split(","), width)
        if len(lines) <= most_lines:
            return lines
        last = lines[most_lines - 1][: width - len(self.ellipsis)]
        return [*lines[: most_lines - 1], last + self.ellipsis]


def width_of(text: str) -> int:
    """Return how many columns a terminal gives to `text`: wide East Asian characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _broken(pieces: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for index, piece in enumerate(pieces):
        token = piece + "," * (index < len(pieces) - 1)
        if line and len(line) + len(token) > width:
            lines.append(line)
            line = ""
        line += token
        while len(line) > width:
            lines.append(line[:width])
            line = line[width:]
    return [*lines, line] if line else lines
