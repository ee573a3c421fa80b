"""Looks into the store as they come: some at a time, at least once a second, whatever the store says to it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aifctl.core.errors import AifctlError
from aifctl.ports.clock import Clock
from aifctl.ports.store import QueuedError, Store
from aifctl.ports.store_writes import NodeLook

T = TypeVar("T")

#: As many as make one write cheap; what a kill can cost is bounded by time.
_BATCH_COUNT = 128
_WAIT_S = 1.0


class TakingIn:
    """Hands looks to the store. A store that does not take them is tried again with the next ones, and told at the end.

    Attributes:
        problem: why some are not in the store; None where all are.
        queued: the log has some that the database has not: they are safe, and applied by whoever opens the store next.
    """

    def __init__(self, store: Store, sweep: str, clock: Clock) -> None:
        self._store, self._sweep, self._clock = store, sweep, clock
        self._waiting: list[NodeLook] = []
        self._since_s = 0.0
        self.problem: AifctlError | None = None
        self.queued: QueuedError | None = None

    def take(self, look: NodeLook) -> None:
        """Take one look."""
        if not self._waiting:
            self._since_s = self._clock.monotonic_s()
        self._waiting.append(look)
        if len(self._waiting) >= _BATCH_COUNT or self._clock.monotonic_s() - self._since_s >= _WAIT_S:
            self.flush()

    def flush(self) -> None:
        """Hand over all that waits; what the store refuses waits on."""
        if not self._waiting:
            return
        try:
            self._store.add(self._sweep, self._waiting)
        except QueuedError as problem:
            self.queued = problem
        except AifctlError as problem:
            self.problem = problem
            self._since_s = self._clock.monotonic_s()
            return
        self._waiting = []
        self.problem = None

    @property
    def waiting_count(self) -> int:
        """How many looks no store has."""
        return len(self._waiting)

    async def beside(self, work: Coroutine[Any, Any, T]) -> T:
        """Do `work`, and meanwhile let nothing wait for long, also while no node answers."""
        ticking = asyncio.create_task(self._tick())
        try:
            return await work
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(_WAIT_S)
            self.flush()
