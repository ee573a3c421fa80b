"""What was made of what nodes tell alike, made once: a fleet's nodes are built of the same parts."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")

#: Of `marshal`: the newest one in which equal values are equal bytes, whoever else refers to them; 1, 1.0 and true differ.
_BY_VALUE = 2


class Alike(Generic[T]):
    """Keeps what was made by all that it was made of. Emptied when it is full, which a fleet of few kinds never is.

    Args:
        most_count: how many it keeps.
        longest_bytes: what is told at greater length is made each time: no node fills the memory of the control host.
    """

    def __init__(self, *, most_count: int = 4096, longest_bytes: int = 4096) -> None:
        self._most_count, self._longest_bytes = most_count, longest_bytes
        self._made: dict[tuple[Hashable, bytes], T] = {}

    def made(self, told: Any, make: Callable[[], T], *, by: Hashable = None) -> T:
        """Return what `make` makes of what was told (values as JSON has them), and of `by`; it must depend on nothing else.

        What raises is made anew each time.
        """
        try:
            key = by, marshal.dumps(told, _BY_VALUE)
        except ValueError:  # nested deeper than anything that is alike
            return make()
        found = self._made.get(key)
        if found is None:
            found = make()
            if len(key[1]) <= self._longest_bytes:
                if len(self._made) >= self._most_count:
                    self._made.clear()
                self._made[key] = found
        return found


class OfSame(Generic[T]):
    """Keeps what was made of a thing that many readings share, by its identity; the thing is kept, too, so that it stays its own.

    Args:
        most_count: how many it keeps before it begins anew.
    """

    def __init__(self, *, most_count: int = 256) -> None:
        self._most_count = most_count
        self._made: dict[int, tuple[object, T]] = {}

    def made(self, thing: S, make: Callable[[S], T]) -> T:
        """Return what `make` makes of a thing that never changes; it must depend on nothing else."""
        known = self._made.get(id(thing))
        if known is None:
            known = thing, make(thing)
            if len(self._made) >= self._most_count:
                self._made.clear()
            self._made[id(thing)] = known
        return known[1]
