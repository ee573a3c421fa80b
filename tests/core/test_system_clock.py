"""The machine's own time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aifctl.core.system_clock import SystemClock


def test_time_points_are_aware_and_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_monotonic_time_never_goes_back_not_even_over_a_sleep() -> None:
    clock = SystemClock()
    before_s = clock.monotonic_s()
    asyncio.run(clock.sleep(0))
    assert clock.monotonic_s() >= before_s
