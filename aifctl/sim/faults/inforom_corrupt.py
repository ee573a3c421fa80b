"""A GPU whose InfoROM does not bear its checksum."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.boards import CORRUPTED_INFOROM
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["inforom_check"] = {"!": CORRUPTED_INFOROM}


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.corrupt_inforom(*at)


FAULT = FaultKind(
    name="inforom-corrupt",
    about="the InfoROM is corrupt",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
