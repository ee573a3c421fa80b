"""A node with an error of its memory that could not be corrected."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["edac"]["mc0"]["ue"] = "1"


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.count_memory_errors(uncorrected=1)


FAULT = FaultKind(
    name="memory-ue",
    about="the memory has had an uncorrectable error",
    patch=_patch,
    beneath=_beneath,
)
