"""How fast a counter grows, over a window: a burst between two quick looks is no rate, nor is a day's growth an hour's."""

from __future__ import annotations

from collections.abc import Collection

from aifctl.diagnosis.memory import Memory


def grown_in(memory: Memory, identity: str, counter: str, *, window_s: float, now_s: float) -> float:
    """Return by how much a counter grew in the last `window_s` seconds, taking each look's growth as even in its time."""
    begin_s, total = now_s - window_s, 0.0
    for growth in memory.growths.get((identity, counter), ()):
        if growth.at_s > begin_s:
            inside_s = min(growth.seconds, growth.at_s - begin_s)
            total += growth.count * inside_s / growth.seconds if growth.seconds > 0 else growth.count
    return total


def has_grown(memory: Memory, counters: Collection[str]) -> bool:
    """Whether any of these counters of any part has grown lately."""
    return any(counter in counters for _, counter in memory.growths)


def last_grown_at(memory: Memory, identity: str, counter: str) -> float | None:
    """Return when a look last saw it grown."""
    growths = memory.growths.get((identity, counter), ())
    return growths[-1].at_s if growths else None
