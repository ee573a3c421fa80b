"""One fdatasync for everybody who waits: per loop turn while starts are dispatched, and once a second besides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aifctl.core.errors import SetupError


class GroupSync:
    """Knows how much was written and how much of that is on the disk.

    Args:
        sync: puts everything written so far on the disk; runs in a thread of its own, one call at a time.
        interval_s: what is written lies at most this long unsynced while the loop runs.
    """

    def __init__(self, sync: Callable[[], None], *, interval_s: float = 1.0) -> None:
        self._sync = sync
        self._interval_s = interval_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._written = 0
        self._synced = 0
        self._busy = False
        self._waiting: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: OSError | None = None

    def wrote(self) -> None:
        """Count one record, and see to it that it is synced within the interval."""
        self._written += 1
        if self._timer is None:
            self._arm()

    def check(self) -> None:
        """Raise SetupError if a sync has failed: what was written since the last good one may be gone."""
        if self._failure is not None:
            raise SetupError(
                f"the journal can't be put on the disk: {self._failure.strerror}; "
                "see to the state directory's disk before anything else is started"
            ) from self._failure

    async def durable(self) -> None:
        """Wait until all that was written before this call is on the disk; SetupError where it can't be put there."""
        if self._written > self._synced:
            if self._waiting is None:
                loop = asyncio.get_running_loop()
                self._waiting = loop.create_future()
                # Not at once: whoever else writes in this turn of the loop shares the sync.
                loop.call_soon(self._begin)
            await asyncio.shield(self._waiting)
        self.check()

    def close(self) -> None:
        """Wait for the sync under way, then sync what is left; raises OSError of the last one."""
        if self._timer is not None:
            self._timer.cancel()
        self._thread.shutdown(wait=True)
        if self._written > self._synced:
            self._sync()
            self._synced = self._written
        if self._waiting is not None:
            self._waiting.set_result(None)
            self._waiting = None

    def _arm(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # written from outside a loop (head, seal): opening and closing sync those
        self._timer = loop.call_later(self._interval_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._begin()

    def _begin(self) -> None:
        if self._busy or (self._waiting is None and self._written == self._synced):
            return
        waiting, self._waiting = self._waiting, None
        self._busy = True
        under_way = asyncio.get_running_loop().run_in_executor(self._thread, self._sync)
        under_way.add_done_callback(partial(self._finish, waiting, self._written))

    def _finish(self, waiting: asyncio.Future[None] | None, mark: int, done: asyncio.Future[None]) -> None:
        self._busy = False
        problem = None if done.cancelled() else done.exception()
        if isinstance(problem, OSError):
            self._failure = problem
        elif problem is not None:
            raise problem
        else:
            self._synced = mark
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if self._waiting is not None:
            self._begin()
