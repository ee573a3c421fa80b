"""How a condition looks: its colour, and a letter that says as much without one."""

from __future__ import annotations

from collections.abc import Mapping

from aifctl.diagnosis.fleet_health import Condition, NodeHealth
from aifctl.output.style import CYAN, DIM, GREEN, YELLOW

_RED, _MAGENTA = "1;31", "35"

COLOURS: Mapping[Condition, str] = {
    Condition.OK: GREEN,
    Condition.WATCH: CYAN,
    Condition.DEGRADED: YELLOW,
    Condition.FAULT: _RED,
    Condition.UNKNOWN: _MAGENTA,
    Condition.UNREACHABLE: _MAGENTA,
    Condition.STALE: _MAGENTA,
    Condition.UNSEEN: _MAGENTA,
    Condition.OUT: DIM,
}

#: By what a finding or a node's result says.
RESULT_COLOURS: Mapping[str, str] = {condition.value: colour for condition, colour in COLOURS.items()}

#: On a map. All different, also without colour and in ASCII; a node that is drained, or on its way, has the small letter.
LETTERS: Mapping[Condition, str] = {
    Condition.OK: ".",
    Condition.WATCH: "W",
    Condition.DEGRADED: "D",
    Condition.FAULT: "F",
    Condition.UNKNOWN: "?",
    Condition.UNREACHABLE: "!",
    Condition.STALE: "~",
    Condition.UNSEEN: "-",
    Condition.OUT: "x",
}
_DRAINED: Mapping[Condition, str] = {
    Condition.OK: "o",
    Condition.WATCH: "w",
    Condition.DEGRADED: "d",
    Condition.FAULT: "f",
}
#: A drained node that could not be looked at, in whatever way.
_DRAINED_UNSEEN = "u"


def letter_of(node: NodeHealth) -> str:
    """Return a node's letter."""
    if not node.drained or node.condition is Condition.OUT:
        return LETTERS[node.condition]
    return _DRAINED.get(node.condition, _DRAINED_UNSEEN)


def meaning_of(node: NodeHealth) -> str:
    """Return what the letter stands for."""
    if not node.drained or node.condition is Condition.OUT:
        return node.condition.value
    told = node.condition.value if node.condition in _DRAINED else "not seen"
    return f"{told}, drained"
