"""A disk without spare blocks that says of itself that all is well."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_DISK, _USED_PCT = 3, 104


def _patch(told: Told, _value: float) -> None:
    for disk in [disk for disk in told.disks(_DISK) if "log" in disk]:
        log = bytearray.fromhex(disk["log"])
        log[3], log[5] = 0, _USED_PCT
        disk["log"] = log.hex()


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.wear_disk(_DISK)


FAULT = FaultKind(
    name="disk-worn",
    about="an NVMe disk has no spare blocks left, and says that it is well",
    patch=_patch,
    beneath=_beneath,
)
