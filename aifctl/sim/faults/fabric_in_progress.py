"""A node whose GPUs wait for the fabric."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import EVERY_GPU, At
from aifctl.sim.hardware.boards import IN_PROGRESS
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["fabric"][0] = IN_PROGRESS


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.delay_fabric(*at)


FAULT = FaultKind(
    name="fabric-in-progress",
    about="the GPUs' fabric state stays at in progress",
    argument=EVERY_GPU,
    patch=_patch,
    beneath=_beneath,
)
