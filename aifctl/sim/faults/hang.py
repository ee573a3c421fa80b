"""A node on which commands start and never return, as on a dead NFS mount; a signal still ends them."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Running


async def _hang(running: Running, _value: float) -> int:
    return await running.hang()


FAULT = FaultKind(name="hang", about="commands start and never return; signals end them", around=_hang)
