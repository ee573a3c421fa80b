"""A fabric port whose link type was set to Ethernet."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        port.update(layer="Ethernet", lid="0x0", sm="0x0")


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.set_ethernet(*at)


FAULT = FaultKind(
    name="ib-ethernet",
    about="the port of that rail speaks Ethernet, at full rate",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
