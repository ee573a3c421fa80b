"""Globs of SKUs: which of those that say what they are for is the one for a node."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from typing import Protocol, TypeVar

_WILD = "*?"


class ForSkus(Protocol):
    """Something that says by globs of `*` and `?` what SKUs it is for."""

    @property
    def skus(self) -> tuple[str, ...]:
        """The globs."""


T = TypeVar("T", bound=ForSkus)


def for_sku(sku: str | None, candidates: Iterable[T]) -> T | None:
    """Return the one whose glob fits with most characters of its own, in whatever case; None where none fits."""
    folded = (sku or "").casefold()
    fitting = [
        (_own_length(glob), one)
        for one in candidates
        for glob in one.skus
        if folded and fnmatchcase(folded, glob.casefold())
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def compete(one: str, other: str) -> bool:
    """Return whether two globs fit some SKU equally well, so that neither would win."""
    return _own_length(one) == _own_length(other) and _meet(one.casefold(), other.casefold())


def _own_length(glob: str) -> int:
    return sum(character not in _WILD for character in glob)


def _meet(one: str, other: str) -> bool:
    """Return whether there is a text that both globs fit."""

    @cache
    def meet(at: int, beside: int) -> bool:
        first, second = one[at : at + 1], other[beside : beside + 1]
        if first == "*":
            return meet(at + 1, beside) or (bool(second) and meet(at, beside + 1))
        if second == "*":
            return meet(at, beside + 1) or (bool(first) and meet(at + 1, beside))
        if not first or not second:
            return not first and not second
        return (first == second or "?" in {first, second}) and meet(at + 1, beside + 1)

    return meet(0, 0)
