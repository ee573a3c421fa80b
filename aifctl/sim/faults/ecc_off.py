"""A GPU whose ECC is off."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["ecc"] = [0, 0]


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.turn_ecc_off(*at)


FAULT = FaultKind(
    name="ecc-off",
    about="ECC is off",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
