"""What a kind of node is expected to be: values and thresholds, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.fleet.nearest import nearest

_WILD = "*?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One value that a check compares with, and where it comes from (a document, a capture, a site's decision)."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profile file.

    Attributes:
        name: `h100-sxm5`.
        skus: globs of the inventory's `sku:` values that it is for.
        expectations: by key, as the checks name them: `gpu.count`, `gpu.power_limit_w`, …
        origin: the file, as a person would name it.
        digest: of all values; a changed threshold judges anew.
    """

    name: str
    skus: tuple[str, ...] = ()
    expectations: Mapping[str, Expectation]
    origin: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """All that are known, in order of name; no two of them have globs that fit one SKU equally well."""

    all: tuple[Profile, ...] = ()

    def of_sku(self, sku: str | None) -> Profile | None:
        """Return the profile whose glob fits with most characters of its own, in whatever case; None where none fits."""
        folded = (sku or "").casefold()
        fitting = [
            (_own_length(glob), profile)
            for profile in self.all
            for glob in profile.skus
            if folded and fnmatchcase(folded, glob.casefold())
        ]
        return max(fitting, key=lambda one: one[0])[1] if fitting else None

    def named(self, name: str) -> Profile:
        """Return the profile of that name; UsageError with the nearest."""
        for profile in self.all:
            if profile.name == name:
                return profile
        names = [profile.name for profile in self.all]
        near = nearest(name, names)
        advice = f"did you mean {near}?" if near else f"there are {', '.join(names) or 'none at all'}"
        raise UsageError(f"there is no profile {name!r}; {advice}")


def compete(one: str, other: str) -> bool:
    """Return whether two globs of `*` and `?` fit some SKU equally well, so that neither would win."""
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
