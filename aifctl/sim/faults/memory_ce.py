"""A node with a DIMM that needs correcting all the time."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_ERRORS = 5000


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["edac"]["mc0"]["ce"] = str(_ERRORS * told.fault_age)


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.count_memory_errors(corrected=_ERRORS * node.fault_age)


FAULT = FaultKind(
    name="memory-ce",
    about="the memory corrects thousands of errors between two looks",
    patch=_patch,
    beneath=_beneath,
)
