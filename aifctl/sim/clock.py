"""The real clock of a worker process; tests hand a fake one to SimFleet."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class RealClock:
    """aifctl.ports.clock.Clock over the machine's own time."""

    def now(self) -> datetime:
        return datetime.now(tz=UTC)  # noqa: TID251  a worker is a process of its own: this is where its time comes from

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds_s: float) -> None:
        await asyncio.sleep(seconds_s)
