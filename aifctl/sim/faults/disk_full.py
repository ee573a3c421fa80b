"""A file system that is nearly full."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import MOUNT
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_USED = 0.97


def _patch(told: Told, place: str) -> None:
    for mount in told.mounts(place):
        size = mount["b"][0]
        free = round(size * (1 - _USED))
        mount["b"] = [size, free, free]


def _beneath(node: NodeHardware, place: str) -> None:
    node.host.fill(place, _USED)


FAULT = FaultKind(
    name="disk-full",
    about="a file system is 97 % full (/, or the one that is named)",
    argument=MOUNT,
    patch=_patch,
    beneath=_beneath,
)
