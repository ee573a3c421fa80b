"""A file system with room and without inodes."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import MOUNT
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_USED = 0.99


def _patch(told: Told, place: str) -> None:
    for mount in told.mounts(place):
        count = mount["f"][0]
        free = round(count * (1 - _USED))
        mount["f"] = [count, free, free]


def _beneath(node: NodeHardware, place: str) -> None:
    node.host.fill_inodes(place, _USED)


FAULT = FaultKind(
    name="inodes-full",
    about="a file system has no inodes left (/, or the one that is named)",
    argument=MOUNT,
    patch=_patch,
    beneath=_beneath,
)
