"""A GPU with an uncorrectable error in its HBM: a row waits to be remapped, and the driver asks for a reset."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["dram_vu"] += 1
        gpu["dram_au"] += 1
        gpu["remap"][1] += 1
        gpu["remap"][2] = gpu["fields"]["144"] = gpu["fields"]["230"] = 1
        gpu["fields"]["143"] = gpu["remap"][1]


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.count_dram_errors(1, *at)


FAULT = FaultKind(
    name="ecc-dram",
    about="an uncorrectable HBM error; the row is remapped at the next reset",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
