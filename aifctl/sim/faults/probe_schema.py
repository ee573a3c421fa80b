"""A node whose probe speaks a version that nobody here reads."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.onnode.probe.reply import SCHEMA
from aifctl.sim.fault import FaultKind


def _renumber(line: bytes, _value: float) -> Iterator[bytes]:
    yield line.replace(b'"aifctl_probe": %d' % SCHEMA, b'"aifctl_probe": %d' % (SCHEMA + 98), 1)


FAULT = FaultKind(name="probe-schema", about="the probe's answer has a version that nobody reads", spoil=_renumber)
