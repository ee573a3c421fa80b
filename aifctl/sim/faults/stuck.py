"""A node on which commands sleep uninterruptibly (state D, a driver that waits for its device): KILL does nothing."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Running


async def _hang_deaf(running: Running, _value: float) -> int:
    return await running.hang(deaf=True)


FAULT = FaultKind(name="stuck", about="commands never return and survive every signal", around=_hang_deaf)
