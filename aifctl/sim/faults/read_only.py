"""A file system that the kernel has put aside after an error."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import MOUNT
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, place: str) -> None:
    for mount in told.mounts(place):
        mount["ro"] = True


def _beneath(node: NodeHardware, place: str) -> None:
    node.host.put_aside(place)


FAULT = FaultKind(
    name="read-only",
    about="a file system takes no more writes (/, or the one that is named)",
    argument=MOUNT,
    patch=_patch,
    beneath=_beneath,
)
