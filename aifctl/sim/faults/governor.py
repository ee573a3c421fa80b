"""A node whose processors save power."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.machine import CPUS
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["cpu"]["governors"] = {"powersave": CPUS}


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.governor = "powersave"


FAULT = FaultKind(
    name="governor",
    about="the processors' governor is powersave",
    patch=_patch,
    beneath=_beneath,
)
