"""A node whose probe prints what no probe does."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.sim.fault import FaultKind

_SAID = b'\x1b[2J\x1b]0;owned\x07python3: Segmentation fault (core dumped)\n{"not": "ours"}\n'


def _replace(_line: bytes, _value: float) -> Iterator[bytes]:
    yield _SAID


FAULT = FaultKind(name="probe-garbage", about="the probe's answer is no probe's", spoil=_replace)
