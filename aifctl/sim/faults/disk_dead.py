"""A disk whose controller does not answer any more."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_DISK = 3


def _patch(told: Told, _value: float) -> None:
    for disk in told.disks(_DISK):
        disk.pop("log", None)
        disk.update(state="dead", sizes=[])


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.kill_disk(_DISK)


FAULT = FaultKind(
    name="disk-dead",
    about="an NVMe disk's controller is dead",
    patch=_patch,
    beneath=_beneath,
)
