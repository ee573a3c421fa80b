"""A GPU that is cut into instances."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["mig"] = [1, 1]


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.turn_mig_on(*at)


FAULT = FaultKind(
    name="mig-on",
    about="MIG mode is on",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
