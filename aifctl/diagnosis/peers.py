"""How a node's numbers lie among those of its peers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The values of peers: how many, the middle one, and the one that 99 of 100 do not exceed."""

    count: int
    p50: float
    p99: float


def spread_of(values: Iterable[float]) -> Spread | None:
    """Return how values are spread; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Spread(count=len(ordered), p50=_at(ordered, 50), p99=_at(ordered, 99))


def sample_of(names: Sequence[str], most: int) -> Sequence[str]:
    """Return at most so many names, spread evenly over all: the same ones for the same names."""
    if len(names) <= most:
        return names
    return [names[index * len(names) // most] for index in range(most)]


def _at(ordered: Sequence[float], percentile: int) -> float:
    return ordered[max(0, -(-len(ordered) * percentile // 100) - 1)]
