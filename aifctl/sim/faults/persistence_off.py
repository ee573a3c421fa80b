"""A node without persistence mode."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import EVERY_GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["persistence"] = 0


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.forget_persistence(*at)


FAULT = FaultKind(
    name="persistence-off",
    about="persistence mode is off",
    argument=EVERY_GPU,
    patch=_patch,
    beneath=_beneath,
)
