"""The machine's own time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements ports.clock.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  the one place that asks the machine

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds_s: float) -> None:
        import asyncio  # noqa: PLC0415  27 ms that completion and `nodes` don't have

        await asyncio.sleep(seconds_s)
