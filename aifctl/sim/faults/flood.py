"""A node on which every command prints far too much."""

from __future__ import annotations

from aifctl.core.units import parse_size_bytes
from aifctl.sim.fault import Argument, FaultKind, Running

_LINE = b"[ 1234.567890] NVRM: this line is one of very many that this node prints tonight\n"
_BLOCK = _LINE * 400


async def _flood(running: Running, bytes_count: float) -> int:
    left = int(bytes_count)
    while left > 0:
        await running.print_out(_BLOCK[:left])
        left -= len(_BLOCK)
    return await running.proceed()


FAULT = FaultKind(
    name="flood",
    about="prints that many bytes before the command's own output",
    argument=Argument(name="bytes", parse=parse_size_bytes, default=16 << 20),
    around=_flood,
)
