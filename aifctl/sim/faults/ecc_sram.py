"""A GPU with uncorrectable errors in its SRAM, more than NVIDIA lets a board have."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_ERRORS = 5


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["sram"][2] += _ERRORS
        gpu["sram"][5] += _ERRORS
        gpu["sram"][6] = 1


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.count_sram_errors(_ERRORS, *at, exceeded=True)


FAULT = FaultKind(
    name="ecc-sram",
    about="uncorrectable SRAM errors, above NVIDIA's threshold to replace the GPU",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
