"""A fabric port that was turned off on the node."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.ports import count, put_down
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        put_down(port, "3: Disabled")
        count(port, "link_downed", 1)


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.take_down(*at, physical="disabled")


FAULT = FaultKind(
    name="ib-disabled",
    about="the port of that rail was turned off here (Disabled)",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
