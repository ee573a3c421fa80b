"""A node whose link dies after the command has begun: what it did is unknown."""

from __future__ import annotations

from aifctl.core.units import parse_duration_s
from aifctl.sim.fault import Argument, FaultKind, Running


async def _die(running: Running, seconds_s: float) -> int:
    await running.print_out(b"begun\n")
    await running.sleep(seconds_s)
    running.cut()
    return await running.hang()


FAULT = FaultKind(
    name="dies-mid-command",
    about="resets the connection while a command runs",
    argument=Argument(name="seconds", parse=parse_duration_s, default=0.2),
    around=_die,
)
