"""A fabric port whose link goes down and comes back."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.ports import count
from aifctl.sim.probing.told import Told

_TIMES = 3


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        count(port, "link_downed", _TIMES * told.fault_age)


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.flap(_TIMES * node.fault_age, *at)


FAULT = FaultKind(
    name="ib-flap",
    about="the link of that rail went down and came back, three times a look",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
