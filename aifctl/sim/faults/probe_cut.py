"""A node whose probe is ended while it answers."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.sim.fault import FaultKind


def _cut(line: bytes, _value: float) -> Iterator[bytes]:
    yield line[: len(line) // 2]


FAULT = FaultKind(name="probe-cut", about="the probe's answer ends in its middle", spoil=_cut)
