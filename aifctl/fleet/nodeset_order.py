"""Nodeset order: text compared as text, runs of digits as numbers, less padding first where all else is equal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

#: What a name is compared by: (its text and numbers in turn, its length, itself).
NaturalKey = tuple[tuple[str | float, ...], int, str]

_DIGITS = re.compile("([0-9]+)")


def natural_key(name: str) -> NaturalKey:
    """Return the sort key of nodeset order: n1 < n01 < n2 < n10, and r2n1 < r10n1."""
    parts: list[str | float] = list(_DIGITS.split(name))
    for at in range(1, len(parts), 2):
        parts[at] = _number(str(parts[at]))
    return tuple(parts), len(name), name


def sort_names(names: Iterable[str]) -> list[str]:
    """Return the names in nodeset order; what stands twice stays twice."""
    return sorted(names, key=natural_key)


def _number(digits: str) -> float:
    """Return the run's value; runs beyond Python's limit of 4,300 digits are equal, and the name itself decides."""
    try:
        return int(digits)
    except ValueError:
        return math.inf
