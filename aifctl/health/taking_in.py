"""Looks into the store as they come: some at a time, at least once a second, whatever the store says to it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
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
    """Hands looks to the store. A store that does not take them is tried again, once a second, and told at the end."""

    def __init__(self, store: Store, sweep: str, clock: Clock) -> None:
        self._store, self._sweep, self._clock = store, sweep, clock
        self._waiting: list[NodeLook] = []
        self._since_s = self._not_before_s = 0.0
        self._problem: AifctlError | None = None
        self._queued: QueuedError | None = None

    def begin(self, **begun: Any) -> None:
        """Begin the sweep in the store, or go on with it; a database that is away for now keeps nobody from looking."""
        facts: Mapping[str, Any] = begun.pop("facts")
        try:
            self._store.begin_sweep(self._sweep, facts=facts, **begun)
        except QueuedError as problem:
            self._queued = problem

    def take(self, look: NodeLook) -> None:
        """Take one look."""
        now_s = self._clock.monotonic_s()
        if not self._waiting:
            self._since_s = now_s
        self._waiting.append(look)
        due = len(self._waiting) >= _BATCH_COUNT or now_s - self._since_s >= _WAIT_S
        if due and now_s >= self._not_before_s:
            self.flush()

    def flush(self) -> None:
        """Hand over all that waits; what the store refuses waits on."""
        if not self._waiting:
            return
        try:
            self._store.add(self._sweep, self._waiting)
        except QueuedError as problem:
            self._queued = problem
        except AifctlError as problem:
            self._problem = problem
            self._not_before_s = self._clock.monotonic_s() + _WAIT_S
            return
        self._waiting = []
        self._problem = None

    @property
    def trouble(self) -> AifctlError | None:
        """Why the database has not got all of it by now; None where it has."""
        if self._problem is not None:
            return self._problem
        return self._queued if self._store.queued_count else None

    @property
    def waiting(self) -> frozenset[str]:
        """The nodes whose looks no store has, nor its log."""
        return frozenset(look.node for look in self._waiting)

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
            if self._clock.monotonic_s() >= self._not_before_s:
                self.flush()
