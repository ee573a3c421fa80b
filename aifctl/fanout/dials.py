"""The dials under way: how many, how old, and how many more there may be."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aifctl.fanout.dial_limit import DialLimit

#: A dial older than this gives its slot and its place in the width back: dead nodes must not slow the rest.
SLOW_DIAL_S = 1.0
# Timers may fire early by the clock's resolution; without this they would be set again for the same moment, and spin.
_SLACK_S = 0.01


@dataclass(slots=True, eq=False)
class Dialling:
    """One dial under way; `young` until it is SLOW_DIAL_S old."""

    task: asyncio.Task[None]
    since_s: float
    young: bool = True
    done: bool = False


class Dials:
    """Counts dials; one timer tells the ages of all of them.

    Attributes:
        young: dials younger than SLOW_DIAL_S.
        slow: the others.
    """

    __slots__ = ("_aged", "_by_age", "_limit", "_loop", "_open", "_timer", "slow", "young")

    def __init__(self, most: int, *, aged: Callable[[], None]) -> None:
        self.young = self.slow = 0
        self._limit = DialLimit(most)
        self._aged = aged
        self._loop = asyncio.get_running_loop()
        self._open: set[Dialling] = set()
        self._by_age: deque[Dialling] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def has_slot(self) -> bool:
        """Whether another dial may begin."""
        return self.young < self._limit.value

    def begin(self, task: asyncio.Task[None]) -> Dialling:
        """Count a dial that `task` begins now."""
        dialling = Dialling(task, self._loop.time())
        self.young += 1
        self._open.add(dialling)
        self._by_age.append(dialling)
        if self._timer is None:
            self._timer = self._loop.call_at(dialling.since_s + SLOW_DIAL_S, self._age)
        return dialling

    def end(self, dialling: Dialling, *, connected: bool, throttled: bool) -> None:
        """Count a dial as over."""
        dialling.done = True
        self._open.discard(dialling)
        if dialling.young:
            self.young -= 1
        else:
            self.slow -= 1
        while self._by_age and self._by_age[0].done:
            self._by_age.popleft()
        if connected:
            self._limit.connected()
        elif throttled:
            self._limit.throttled(dialled_at_s=dialling.since_s, now_s=self._loop.time())

    def tasks(self) -> list[asyncio.Task[None]]:
        """Return the tasks that are dialling now."""
        return [dialling.task for dialling in self._open]

    def close(self) -> None:
        """Drop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _age(self) -> None:
        self._timer = None
        latest_s = self._loop.time() - SLOW_DIAL_S + _SLACK_S
        while self._by_age and (self._by_age[0].done or self._by_age[0].since_s <= latest_s):
            dialling = self._by_age.popleft()
            if not dialling.done:
                dialling.young = False
                self.young -= 1
                self.slow += 1
        if self._by_age:
            self._timer = self._loop.call_at(self._by_age[0].since_s + SLOW_DIAL_S, self._age)
        self._aged()
