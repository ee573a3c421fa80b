"""A node whose probe never ends what it says."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.units import parse_size_bytes
from aifctl.sim.fault import Argument, FaultKind

_BLOCK = b"0123456789abcdef" * 2048


def _flood(line: bytes, bytes_count: int) -> Iterator[bytes]:
    left = bytes_count
    while left > 0:
        yield _BLOCK[:left]
        left -= len(_BLOCK)
    yield line


FAULT = FaultKind(
    name="probe-flood",
    about="the probe says that many bytes before its answer",
    argument=Argument(name="bytes", parse=parse_size_bytes, default=100 << 20),
    spoil=_flood,
)
