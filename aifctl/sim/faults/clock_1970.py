"""A node whose clock begins anew, with nobody to set it."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.clocks import lose_source
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    told.about["wall_s"] = 3600.0
    if told.tells("clock"):
        lose_source(told.data("clock"))


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.lose_time_source()


FAULT = FaultKind(
    name="clock-1970",
    about="the clock stands in 1970",
    patch=_patch,
    beneath=_beneath,
)
