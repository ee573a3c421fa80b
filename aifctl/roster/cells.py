"""Cells: what one key of the inventory says for all the nodes below it, constant or a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.core.marked_yaml import Place
from aifctl.roster.kinds import Convert
from aifctl.roster.patterns import BadValueError, Env, Template

#: What braces may name: the places above a node, and the node.
LEVELS = ("site", "hall", "su", "rack", "node")

_KNOWN = frozenset(LEVELS)


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every node. `value` None takes away what stands above."""

    place: Place
    value: Any

    @property
    def needs(self) -> frozenset[str]:
        return frozenset()

    def at(self, _env: Env) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Pattern:
    """Braces, filled in for each node. `needs` are the variables it reads."""

    place: Place
    template: Template
    convert: Convert

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(self.template.needs)

    def at(self, env: Env) -> Any:
        """Return one node's value; BadValueError where it has none or it is not what it must be."""
        return self.convert(self.template.render(env))


@dataclass(frozen=True, slots=True)
class Several:
    """A list, each part constant or a pattern; what stands twice stands once."""

    place: Place
    parts: tuple[Constant | Pattern, ...]

    @property
    def needs(self) -> frozenset[str]:
        return frozenset[str]().union(*(part.needs for part in self.parts))

    def at(self, env: Env) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(part.at(env) for part in self.parts))


Cell = Constant | Pattern | Several


def make_cell(text: str, place: Place, convert: Convert, *, rail: int | None = None) -> Constant | Pattern:
    """Return a cell for typed text; BadValueError for a constant that is wrong or a pattern that does not parse."""
    if "{" not in text and "}" not in text:
        return Constant(place, convert(text))
    template = Template(text, known=_KNOWN, rail=rail)
    return Pattern(place, template, convert) if template.needs else Constant(place, convert(template.render({})))


def joined(above: Cell | None, below: Cell) -> Cell:
    """Add two lists up, as groups do; nothing (null) below takes all away."""
    if above is None or (isinstance(below, Constant) and below.value is None):
        return below
    return Several(below.place, (*_parts(above), *_parts(below)))


def constant_list(place: Place, parts: Sequence[Constant | Pattern]) -> Cell:
    """Return a list cell; a constant where every part is one."""
    several = Several(place, tuple(parts))
    return several if several.needs else Constant(place, several.at({}))


def _parts(cell: Cell) -> tuple[Constant | Pattern, ...]:
    if isinstance(cell, Several):
        return cell.parts
    if isinstance(cell, Constant):
        return tuple(Constant(cell.place, part) for part in cell.value or ())
    return (cell,)


__all__ = ["LEVELS", "BadValueError", "Cell", "Constant", "Pattern", "Several", "constant_list", "joined", "make_cell"]
