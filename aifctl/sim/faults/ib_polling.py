"""A fabric port whose link has not come up since boot."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.ports import put_down
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        put_down(port, "2: Polling")


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.never_bring_up(*at)


FAULT = FaultKind(
    name="ib-polling",
    about="the link of that rail has not been up since boot (Polling)",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
