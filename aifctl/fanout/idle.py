"""Long-lived tasks with nothing to do: each waits until it is handed something."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Idle(Generic[T]):
    """Who came last goes first; one whose task was cancelled meanwhile is passed over."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[T]] = []

    async def wait(self) -> T:
        """Return what was handed to the caller."""
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    def hand(self, what: T) -> bool:
        """Hand it to one that waits; False where nobody does."""
        while self._waiting:
            waiting = self._waiting.pop()
            if not waiting.done():
                waiting.set_result(what)
                return True
        return False

    def dismiss(self, farewell: T) -> None:
        """Hand all that wait the same last thing."""
        while self.hand(farewell):
            pass
