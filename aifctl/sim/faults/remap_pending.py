"""A GPU with a row that is remapped at the next reset."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["remap"][1] += 1
        gpu["remap"][2] = gpu["fields"]["144"] = 1
        gpu["fields"]["143"] = gpu["remap"][1]


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.pend_remap(*at)


FAULT = FaultKind(
    name="remap-pending",
    about="a row of HBM waits to be remapped",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
