"""A node under such load that its SSH server takes seconds to say its first word."""

from __future__ import annotations

from aifctl.core.units import parse_duration_s
from aifctl.sim.fault import Admission, Argument, Door, FaultKind


async def _wait(door: Door, seconds_s: float) -> Admission:
    await door.sleep(seconds_s)
    return Admission.SERVE


FAULT = FaultKind(
    name="slow-banner",
    about="accepts at once, sends its banner late",
    argument=Argument(name="seconds", parse=parse_duration_s, default=5.0),
    admit=_wait,
)
