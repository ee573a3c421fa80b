"""A node that boots with a DIMM less."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.host_files import DIMMS
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.machine import MEMORY_KIB
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        data = told.data("host")
        left_kib = MEMORY_KIB - MEMORY_KIB // DIMMS
        data["memory"].update(MemTotal=f"{left_kib} kB", MemAvailable=f"{left_kib * 9 // 10} kB")
        max(data["edac"].items())[1]["dimms"] -= 1


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.lose_dimms()


FAULT = FaultKind(
    name="dimm-lost",
    about="a DIMM is missing",
    patch=_patch,
    beneath=_beneath,
)
