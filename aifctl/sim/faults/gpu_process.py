"""A process that a job has left behind on a GPU."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.gpus import GIB
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_PID = 4711


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["processes"].append([_PID, GIB, ""])
        gpu["memory"][1] += GIB


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.leave_process(_PID, *at)


FAULT = FaultKind(
    name="gpu-process",
    about="a process that nobody waits for holds memory of the GPU",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
