"""A fabric port whose link went down: nobody answers at the other end."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.ports import count, put_down
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        put_down(port, "2: Polling")
        count(port, "link_downed", 1)


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.take_down(*at)


FAULT = FaultKind(
    name="ib-down",
    about="the link of that rail went down (Polling); a whole leaf: ib-down@leaf:l1-r3",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
