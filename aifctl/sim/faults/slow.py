"""A node that takes its time for everything."""

from __future__ import annotations

from aifctl.core.units import parse_duration_s
from aifctl.sim.fault import Argument, FaultKind, Running


async def _wait(running: Running, seconds_s: float) -> int:
    await running.sleep(seconds_s)
    return await running.proceed()


FAULT = FaultKind(
    name="slow",
    about="every command takes that much longer",
    argument=Argument(name="seconds", parse=parse_duration_s, default=2.0),
    around=_wait,
)
