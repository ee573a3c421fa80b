"""Tree → columns: every name spelled out, every pattern filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.marked_yaml import Mistakes, Place
from aifctl.fleet.nearest import nearest_names
from aifctl.fleet.nodeset_order import sort_names
from aifctl.roster.cells import LEVELS, BadValueError, Cell, Constant, joined, make_cell
from aifctl.roster.fields import Cells
from aifctl.roster.kinds import parse_node_name, parse_word
from aifctl.roster.patterns import MAX_NAMES, Env, env_of, expand_names
from aifctl.roster.tree import Branch, Document

_PLACES = LEVELS[:-1]


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Nodes that one entry makes below one rack (or whatever stands above): they share their cells.

    Attributes:
        start: position of the first of them.
        env: what patterns may say of the places above them.
    """

    start: int
    names: list[str]
    branch: Branch
    cells: Cells
    env: dict[str, str | int]


@dataclass(slots=True, kw_only=True)
class Expanded:
    """All nodes in the order in which the inventory names them; `columns` hold one value for each."""

    names: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    own_places: dict[tuple[str, int], Place] = field(default_factory=dict)
    stretch_of: list[int] = field(default_factory=list)

    def place(self, column: str, at: int) -> Place:
        """Return where the value of one node's column was written."""
        if (column, at) in self.own_places:
            return self.own_places[column, at]
        stretch = self.stretches[self.stretch_of[at]]
        cell = stretch.cells.get(column)
        return cell.place if cell else stretch.branch.place


def expand_document(document: Document, mistakes: Mistakes) -> Expanded:
    """Return all nodes of the inventory."""
    return _Expansion(mistakes).expand(document)


class _Expansion:
    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._done = Expanded()
        self._entries_count = 0
        self._names_count = 0

    def expand(self, document: Document) -> Expanded:
        done = self._done
        try:
            for tree in document.trees:
                for stretch in self._walk(tree, _merged(document.defaults, tree.cells)):
                    done.stretch_of += [len(done.stretches)] * len(stretch.names)
                    done.stretches.append(stretch)
                    done.names += stretch.names
        except _TooManyError as problem:
            self._mistakes.add(problem.place, f"the inventory stands for more than {MAX_NAMES:,} names here")
            return Expanded()
        for stretch in done.stretches:
            self._fill(stretch)
        self._override(document.overrides)
        return done

    def _walk(self, branch: Branch, cells: Cells) -> Iterator[Stretch]:
        """Yield the stretches below a branch; `cells` already hold what the branch and all above it say."""
        for child in branch.children:
            env = self._env(cells)
            names = self._names(child, env)
            if child.level == "node":
                start = self._names_count
                self._count(child.place, len(names))
                below = _merged(cells, child.cells)
                yield Stretch(start=start, names=names, branch=child, cells=below, env=self._env(below))
                continue
            for name in names:
                self._count(child.place, 0)
                here = {**cells, child.level: Constant(child.place, name)}
                yield from self._walk(child, _merged(here, child.cells))

    def _count(self, place: Place, names_count: int) -> None:
        self._entries_count += 1
        self._names_count += names_count
        if max(self._entries_count, self._names_count) > MAX_NAMES:
            raise _TooManyError(place)

    def _names(self, branch: Branch, env: Env) -> list[str]:
        """Return the names of an entry: braces first, then ranges."""
        try:
            pattern = branch.pattern
            if "{" in pattern:
                pattern = str(make_cell(pattern, branch.place, str).at(env))
            convert = parse_word if branch.level != "node" else parse_node_name
            names = [convert(name) for name in expand_names(pattern)]
        except BadValueError as problem:
            self._mistakes.add(branch.place, f"{branch.level} {branch.pattern[:80]!r}: {problem}", kind="names")
            return []
        if not names:
            self._mistakes.add(branch.place, f"a {branch.level} needs a name")
        return names

    def _env(self, cells: Cells) -> dict[str, str | int]:
        env: dict[str, str | int] = {}
        for level in _PLACES:
            if (cell := cells.get(level)) and (name := self._value(cell, env, level)) is not None:
                env.update(env_of(level, name))
        return env

    def _fill(self, stretch: Stretch) -> None:
        count = len(stretch.names)
        if not count:
            return
        envs: list[Env] = []
        for column, cell in stretch.cells.items():
            if "node" in cell.needs or "node#" in cell.needs:
                envs = envs or [{**stretch.env, **env_of("node", name)} for name in stretch.names]
                values = [self._value(cell, env, column, of=str(env["node"])) for env in envs]
            else:
                values = [self._value(cell, stretch.env, column, of=stretch.names[0])] * count
            self._column(column)[stretch.start : stretch.start + count] = values
        for column, (place, cells) in stretch.branch.each.items():
            self._fill_each(stretch.names, range(stretch.start, stretch.start + count), column, place, cells)

    def _fill_each(
        self, names: Sequence[str], positions: Sequence[int], column: str, place: Place, cells: Sequence[Cell | None]
    ) -> None:
        if len(cells) != len(names):
            self._mistakes.add(
                place, f"each has {len(cells)} values for {len(names)} nodes; write ~ where there is none"
            )
            return
        for at, cell in zip(positions, cells, strict=True):
            if cell is not None:
                self._put(at, column, cell)

    def _override(self, overrides: Sequence[Branch]) -> None:
        if not overrides:
            return
        position = {name: at for at, name in enumerate(self._done.names)}
        known = sort_names(position)
        for branch in overrides:
            names = self._names(branch, {})
            unknown = [name for name in names if name not in position]
            for name, near in zip(unknown, nearest_names(unknown, known), strict=True):
                hint = f"; did you mean {near!r}?" if near else ""
                self._mistakes.add(branch.place, f"overrides: there is no node {name!r}{hint}", kind="unknown")
            if unknown:
                continue
            positions = [position[name] for name in names]
            for column, cell in branch.cells.items():
                for at in positions:
                    self._put(at, column, cell)
            for column, (place, cells) in branch.each.items():
                self._fill_each(names, positions, column, place, cells)

    def _put(self, at: int, column: str, cell: Cell) -> None:
        """Set what one node alone has; x:* takes away."""
        if column.endswith(":*"):
            for name in [name for name in self._done.columns if name.startswith(column[:-1])]:
                self._done.columns[name][at] = None
            return
        stretch = self._done.stretches[self._done.stretch_of[at]]
        env = {**stretch.env, **env_of("node", self._done.names[at])}
        value = self._value(cell, env, column, of=self._done.names[at])
        held = self._column(column)
        held[at] = tuple(dict.fromkeys((*(held[at] or ()), *value))) if column == "groups" and value else value
        self._done.own_places[column, at] = cell.place

    def _value(self, cell: Cell, env: Env, column: str, *, of: str = "") -> Any:
        try:
            return cell.at(env)
        except BadValueError as problem:
            whose = f"{column.replace(':', '.')} of {of}" if of else column
            self._mistakes.add(cell.place, f"{whose}: {problem}", kind=column)
            return None

    def _column(self, column: str) -> list[Any]:
        if column not in self._done.columns:
            self._done.columns[column] = [None] * self._names_count
        return self._done.columns[column]


class _TooManyError(Exception):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


def _merged(above: Mapping[str, Cell], below: Mapping[str, Cell]) -> Cells:
    """Return what holds below: the nearer wins, groups add up, x:* takes away what stood above."""
    taken = tuple(column[:-1] for column in below if column.endswith(":*"))
    cells = {column: cell for column, cell in above.items() if not (taken and column.startswith(taken))}
    for column, cell in below.items():
        if not column.endswith(":*"):
            cells[column] = joined(cells.get(column), cell) if column == "groups" else cell
    return cells
