"""A file system that is not mounted."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_PLACE = "/raid"


def _patch(told: Told, _value: float) -> None:
    if told.tells("mounts"):
        data = told.data("mounts")
        data["mounts"] = [mount for mount in data["mounts"] if mount["at"] != _PLACE]


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.unmount(_PLACE)


FAULT = FaultKind(
    name="mount-gone",
    about="a file system is not mounted (/raid)",
    patch=_patch,
    beneath=_beneath,
)
