"""NodeSet: a set of node names in nodeset order, and the text that stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aifctl.fleet.nodeset_fold import fold
from aifctl.fleet.nodeset_order import natural_key, sort_names
from aifctl.fleet.nodeset_ranges import MOST_NAMES, expand, is_name

__all__ = ["MOST_NAMES", "NodeSet", "expand", "fold", "is_name", "natural_key", "sort_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSet:
    """An immutable set of names. Iterates in nodeset order; `str` folds; `|`, `-`, `&`, `^` as for sets.

    Build it with `of` or `parse`: `names` must be unique and in order.
    """

    names: tuple[str, ...] = ()
    _members: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_members", frozenset(self.names))

    @classmethod
    def of(cls, names: Iterable[str]) -> NodeSet:
        """Return the set of these names, whatever their order, however often each stands there."""
        return cls(names=tuple(sort_names(set(names))))

    @classmethod
    def parse(cls, text: str) -> NodeSet:
        """Return the set that a nodeset names, e.g. "r[1-2]n[01-32],login1"; NodeSetSyntaxError otherwise."""
        return cls.of(expand(text))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __str__(self) -> str:
        return fold(self.names)

    def __or__(self, other: NodeSet) -> NodeSet:
        return NodeSet.of(self._members | other._members)

    def __sub__(self, other: NodeSet) -> NodeSet:
        return NodeSet(names=tuple(name for name in self.names if name not in other._members))

    def __and__(self, other: NodeSet) -> NodeSet:
        return NodeSet(names=tuple(name for name in self.names if name in other._members))

    def __xor__(self, other: NodeSet) -> NodeSet:
        return NodeSet.of(self._members ^ other._members)
