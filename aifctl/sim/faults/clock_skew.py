"""A node whose clock is ahead."""

from __future__ import annotations

from aifctl.core.units import parse_duration_s
from aifctl.sim.fault import Argument, FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, seconds_s: float) -> None:
    told.about["wall_s"] += seconds_s
    if told.tells("clock"):
        words = told.data("clock")["chrony"].split(",")
        words[4] = f"{seconds_s:.9f}"
        told.data("clock")["chrony"] = ",".join(words)


def _beneath(node: NodeHardware, seconds_s: float) -> None:
    node.host.skew_clock(seconds_s)


FAULT = FaultKind(
    name="clock-skew",
    about="the clock is ahead by so much (5s)",
    argument=Argument(name="seconds", parse=parse_duration_s, default=5.0),
    patch=_patch,
    beneath=_beneath,
)
