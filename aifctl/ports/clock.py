"""Time as a port, so that tests never sleep."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for durations."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""

    async def sleep(self, seconds_s: float) -> None:
        """Wait."""
