"""Something to wait for that may happen again: one waits, others ring."""

from __future__ import annotations

import asyncio


class Bell:
    """Wakes the one who waits; a ring that nobody waits for is forgotten, so look before you wait."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None
