"""The inventory's tree as it is written: levels with patterns for names, defaults, each, overrides."""

from __future__ import annotations

from dataclasses import dataclass, field

from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value
from aifctl.roster.cells import LEVELS, Cell
from aifctl.roster.fields import NODE_KEYS, Cells, FieldReader

#: Where each level's entries stand: key of a body → level.
CHILDREN = {f"{level}s": level for level in LEVELS}

_FILE_KEYS = frozenset({"defaults", "overrides", "groups", "leaves", "policy"})
_FREE_PREFIX = "x-"  # a place for anchors


@dataclass(slots=True, kw_only=True)
class Branch:
    """One entry of one level: what its names look like, what it says, what stands below it.

    Attributes:
        level: one of LEVELS; "file" at the top.
        pattern: names as written, maybe with braces of the levels above.
        each: column → one cell for each of the entry's nodes, in order; None leaves a node as it is.
    """

    level: str
    pattern: str
    place: Place
    cells: Cells
    each: dict[str, tuple[Place, list[Cell | None]]] = field(default_factory=dict)
    children: list[Branch] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Document:
    """One file, or all of an inventory's files together."""

    trees: list[Branch] = field(default_factory=list)
    defaults: Cells = field(default_factory=dict)
    overrides: list[Branch] = field(default_factory=list)
    groups: dict[str, tuple[Place, Value]] = field(default_factory=dict)
    leaves: dict[str, tuple[Place, Value]] = field(default_factory=dict)
    policy: dict[str, tuple[Place, Value]] = field(default_factory=dict)


class TreeReader:
    """Reads files into one Document; whatever is wrong goes to `mistakes` and is left out."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._fields = FieldReader(mistakes)
        self.document = Document()

    def add(self, root: Value) -> None:
        """Add one file."""
        if not isinstance(root, Mapping):
            self._mistakes.add(root.place, "an inventory is a mapping; see `aifctl inventory template`")
            return
        free = frozenset(key for key in root.items if key.startswith(_FREE_PREFIX))
        top = self._branch("file", "", root.place, root, more=_FILE_KEYS | free)
        self.document.trees.append(top)
        if "defaults" in root.items:
            self._add_defaults(*root.items["defaults"])
        for section in ("groups", "leaves", "policy"):
            if section in root.items:
                self._add_section(section, *root.items[section])
        if "overrides" in root.items:
            self.document.overrides += self._entries("override", *root.items["overrides"])

    def _add_defaults(self, place: Place, value: Value) -> None:
        if body := self._mapping(value, place, "defaults"):
            for column, cell in self._fields.fields(body, of="defaults").items():
                if column in self.document.defaults:
                    first = self.document.defaults[column].place
                    self._mistakes.add(cell.place, f"defaults has {column.replace(':', '.')!r} twice; first at {first}")
                else:
                    self.document.defaults[column] = cell

    def _add_section(self, section: str, place: Place, value: Value) -> None:
        held: dict[str, tuple[Place, Value]] = getattr(self.document, section)
        if body := self._mapping(value, place, section):
            for key, entry in body.items.items():
                if key in held:
                    self._mistakes.add(entry[0], f"{section} has {key[:80]!r} twice; first at {held[key][0]}")
                else:
                    held[key] = entry

    def _entries(self, level: str, place: Place, value: Value) -> list[Branch]:
        """Read what stands under `racks:` and the like: patterns alone, or patterns with a body."""
        if isinstance(value, Mapping):
            return [self._entry(level, key, at, body) for key, (at, body) in value.items.items()]
        if isinstance(value, Scalar) and value.null:
            return []
        names = value.items if isinstance(value, Sequence) else (value,)
        branches = []
        for name in names:
            if isinstance(name, Scalar) and not name.null:
                branches.append(Branch(level=level, pattern=name.text, place=name.place, cells={}))
            else:
                self._mistakes.add(place, f"{level}s takes names, or names with what is said of them")
        return branches

    def _entry(self, level: str, pattern: str, place: Place, body: Value) -> Branch:
        if isinstance(body, Scalar) and body.null:
            return Branch(level=level, pattern=pattern, place=place, cells={})
        mapping = self._mapping(body, place, f"{level} {pattern[:80]!r}")
        if mapping is None:
            return Branch(level=level, pattern=pattern, place=place, cells={})
        return self._branch(level, pattern, place, mapping, more=frozenset())

    def _branch(self, level: str, pattern: str, place: Place, body: Mapping, *, more: frozenset[str]) -> Branch:
        below = _levels_below(level)
        others = frozenset(key for key, child in CHILDREN.items() if child in below) | more
        takes_each = level in {"node", "override"}
        others |= frozenset({"each"} if takes_each else ())
        cells = self._fields.fields(body, others=others, of="the file" if level == "file" else f"this {level}")
        branch = Branch(level=level, pattern=pattern, place=place, cells=cells)
        for key, (at, value) in body.items.items():
            if key == "each" and takes_each:
                branch.each = self._each(at, value)
            elif CHILDREN.get(key) in below:
                branch.children += self._entries(CHILDREN[key], at, value)
        return branch

    def _each(self, place: Place, value: Value) -> dict[str, tuple[Place, list[Cell | None]]]:
        columns: dict[str, tuple[Place, list[Cell | None]]] = {}
        body = self._mapping(value, place, "each")
        for key, (at, items) in body.items.items() if body else ():
            known = self._fields.column_of(key, at)
            if not known:
                continue
            column, convert = known
            if not isinstance(items, Sequence):
                self._mistakes.add(at, f"each {key} takes a list: one value for each node, in order")
                continue
            cells = [self._fields.scalar(item, at, convert, what=key) for item in items.items]
            nothing = [isinstance(item, Scalar) and item.null for item in items.items]
            columns[column] = (at, [None if gap else cell for cell, gap in zip(cells, nothing, strict=True)])
        return columns

    def _mapping(self, value: Value, place: Place, what: str) -> Mapping | None:
        if isinstance(value, Mapping):
            return value
        if not (isinstance(value, Scalar) and value.null):
            self._mistakes.add(place, f"{what} must be a mapping")
        return None


def _levels_below(level: str) -> tuple[str, ...]:
    if level == "file":
        return LEVELS
    return LEVELS[LEVELS.index(level) + 1 :] if level in LEVELS else ()


__all__ = ["CHILDREN", "NODE_KEYS", "Branch", "Document", "TreeReader"]
