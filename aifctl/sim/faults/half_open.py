"""A node whose kernel accepts and whose SSH server never speaks: out of memory, or its disk has gone."""

from __future__ import annotations

from aifctl.sim.fault import Admission, Door, FaultKind


async def _hold(_door: Door, _value: float) -> Admission:
    return Admission.HOLD


FAULT = FaultKind(name="half-open", about="accepts and never says a word", admit=_hold)
