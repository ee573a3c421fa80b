"""Faults of one shape that differ in a constant or two: a service that has failed, a file system that is full."""

from __future__ import annotations

from collections.abc import Callable

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import MOUNT
from aifctl.sim.hardware.host import HostHardware
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.services import fail
from aifctl.sim.probing.told import Told


def failed_service(name: str, *, about: str, unit: str) -> FaultKind:
    """Return the fault of a node whose `unit` systemd has given up."""

    def patch(told: Told, _value: float) -> None:
        if told.tells("units"):
            fail(told.data("units"), unit)

    def beneath(node: NodeHardware, _value: float) -> None:
        node.host.kill_service(unit)

    return FaultKind(name=name, about=about, patch=patch, beneath=beneath)


def full_mount(
    name: str, *, about: str, counts: str, used: float, fill: Callable[[HostHardware, str, float], None]
) -> FaultKind:
    """Return the fault of a file system of whose `counts` (the probe's word: b in bytes, f for inodes) a share is used.

    `fill` does the same to the node's hardware.
    """

    def patch(told: Told, place: str) -> None:
        for mount in told.mounts(place):
            count = mount[counts][0]
            free = round(count * (1 - used))
            mount[counts] = [count, free, free]

    def beneath(node: NodeHardware, place: str) -> None:
        fill(node.host, place, used)

    return FaultKind(name=name, about=about, argument=MOUNT, patch=patch, beneath=beneath)
