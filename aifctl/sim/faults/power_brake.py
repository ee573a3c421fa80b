"""GPUs that are told from outside to draw less: one board, or all of them where a power supply is weak."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.boards import HW_SLOWDOWN, POWER_BRAKE
from aifctl.sim.hardware.gpus import BRAKED_MHZ, BRAKED_NS
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["reasons"] |= HW_SLOWDOWN | POWER_BRAKE
        gpu["sm"] = BRAKED_MHZ
        gpu["fields"]["271"] += BRAKED_NS


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.brake(*at)


FAULT = FaultKind(
    name="power-brake",
    about="the GPU is held back by the hardware's power brake; all: by a power supply",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
