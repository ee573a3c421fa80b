"""A fabric port that has trained to half its rate."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        port["rate"] = "200 Gb/sec (4X HDR)"


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.train_to(200, *at)


FAULT = FaultKind(
    name="ib-slow",
    about="the link of that rail has trained to 200 Gbit/s",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
