"""How many dials may be under way at once: halved when nodes throttle us, grown back while they don't."""

from __future__ import annotations

_LEAST = 4


class DialLimit:
    """Additive increase, multiplicative decrease, never above where it started.

    Only a closed banner or a reset counts against it. Silence does not: a dead rack says nothing about how fast the
    living ones may be dialled.
    """

    __slots__ = ("_cut_at_s", "_most", "value")

    def __init__(self, most: int) -> None:
        self.value = float(most)
        self._most = float(most)
        self._cut_at_s = float("-inf")

    def connected(self) -> None:
        """One dial succeeded: a full round of them makes room for one more."""
        if self.value < self._most:
            self.value = min(self._most, self.value + 1.0 / self.value)

    def throttled(self, *, dialled_at_s: float, now_s: float) -> None:
        """One dial was thrown out; those that began before the last cut have been answered for by it."""
        if dialled_at_s >= self._cut_at_s:
            self.value = max(min(_LEAST, self._most), self.value / 2)
            self._cut_at_s = now_s
