"""A fabric port that knows no subnet manager."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        port["sm"] = "0x0"


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.lose_subnet_manager(*at)


FAULT = FaultKind(
    name="ib-no-sm",
    about="the port of that rail is active and knows no subnet manager",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
