"""A node whose GPU driver is not loaded."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.layout import GPUS
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    told.end("gpu", "error", "no-driver", f"{GPUS} NVIDIA GPU(s) and no driver loaded for them")


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.unload_driver()


FAULT = FaultKind(
    name="no-driver",
    about="no GPU driver is loaded",
    patch=_patch,
    beneath=_beneath,
)
