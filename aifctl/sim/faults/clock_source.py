"""A node whose kernel has given up its processors' counter."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("clock"):
        told.data("clock")["counter"] = "hpet"


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.counter = "hpet"


FAULT = FaultKind(
    name="clock-source",
    about="the kernel counts time by the HPET",
    patch=_patch,
    beneath=_beneath,
)
