"""How a node's numbers lie among those of its peers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The values of peers.

    Attributes:
        count: how many.
        p50, p99: the middle one, and the one that 99 of 100 do not exceed.
        deviation: the median of the distances from the middle; unlike a standard deviation it takes no notice of how far
            out a few of them are.
    """

    count: int
    p50: float
    p99: float
    deviation: float = 0.0


def spread_of(values: Iterable[float]) -> Spread | None:
    """Return how values are spread; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = _at(ordered, 50)
    distances = sorted(abs(value - middle) for value in ordered)
    return Spread(count=len(ordered), p50=middle, p99=_at(ordered, 99), deviation=_at(distances, 50))


def is_far_above(value: float, spread: Spread, *, deviations: float, least: float) -> bool:
    """Return whether a value lies so many deviations above the middle of its peers, and by no less than `least`.

    Where half of the peers have the same value the deviation is 0, and `least` alone holds. Fewer than 30 are no
    population.
    """
    return spread.count >= _POPULATION and value - spread.p50 > max(deviations * spread.deviation, least)


_POPULATION = 30


def sample_of(names: Sequence[str], most: int) -> Sequence[str]:
    """Return at most so many names, spread evenly over all: the same ones for the same names."""
    if len(names) <= most:
        return names
    return [names[index * len(names) // most] for index in range(most)]


def _at(ordered: Sequence[float], percentile: int) -> float:
    return ordered[max(0, -(-len(ordered) * percentile // 100) - 1)]
