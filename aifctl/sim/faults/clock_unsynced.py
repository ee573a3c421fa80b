"""A node whose clock nobody keeps right."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.clocks import lose_source
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("clock"):
        lose_source(told.data("clock"))


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.lose_time_source()


FAULT = FaultKind(
    name="clock-unsynced",
    about="the clock has no time source",
    patch=_patch,
    beneath=_beneath,
)
