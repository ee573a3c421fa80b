"""The last line of a run's report: how many ended how, and how long they took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from aifctl.core.outcome import ANSWERED, Outcome
from aifctl.core.report import Item

_MINUTE_S = 60
_HOUR_S = 3600


@dataclass(slots=True)
class RunTally:
    """Counts per outcome, and the durations of those that answered."""

    counts: dict[Outcome, int] = field(default_factory=dict)
    _durations: list[tuple[float, str]] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Count one item."""
        outcome = Outcome(item["outcome"])
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        duration_s = item.get("duration_s")
        if outcome in ANSWERED and duration_s is not None:
            self._durations.append((float(duration_s), str(item["node"])))

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def outcomes(self) -> list[tuple[Outcome, int]]:
        """Return (outcome, count), in the order in which outcomes are declared: ok first."""
        return [(outcome, self.counts[outcome]) for outcome in Outcome if outcome in self.counts]

    def durations(self) -> str:
        """Return the median, the 99th percentile and the slowest with its name; "" where none answered."""
        ordered = sorted(self._durations)
        if not ordered:
            return ""
        slowest_s, name = ordered[-1]
        if len(ordered) == 1:
            return f"took {show_duration(slowest_s)}"
        p50, p99 = (show_duration(_percentile(ordered, share)) for share in (0.5, 0.99))
        return f"p50 {p50}, p99 {p99}, max {show_duration(slowest_s)} ({name})"


def show_duration(seconds: float) -> str:
    """Return 0.21 s, 12.3 s, 2m05s, 1h02m."""
    if seconds < _MINUTE_S:
        return f"{seconds:.2f} s" if seconds < _MINUTE_S / 6 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m{whole % _MINUTE_S:02}s"
    return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02}m"


def show_bytes(count: int) -> str:
    """Return 812 bytes, 1.0 KiB, 52.0 MiB."""
    if count < 1 << 10:
        return f"{count} byte{'s' * (count != 1)}"
    power = min(4, (count.bit_length() - 1) // 10)
    return f"{count / (1 << 10 * power):.1f} {'KMGT'[power - 1]}iB"


def _percentile(ordered: Sequence[tuple[float, str]], share: float) -> float:
    """Nearest rank: a duration that some node really had."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)][0]
