"""A node that has booted again, whoever did it."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind, Struck


def _boot(struck: Struck, _value: float) -> None:
    struck.booted()


FAULT = FaultKind(name="reboot", about="the node has booted again: a new boot id; nothing to cure", strike=_boot)
