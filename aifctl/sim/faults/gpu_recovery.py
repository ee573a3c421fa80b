"""A GPU of which its driver says that it has to be reset."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_RESET = 1


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["fields"]["230"] = _RESET


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.recommend(_RESET, *at)


FAULT = FaultKind(
    name="gpu-recovery",
    about="the driver recommends a reset of the GPU",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
