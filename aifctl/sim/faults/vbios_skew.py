"""A GPU with another VBIOS than the other seven."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_VERSION = "96.00.89.00.01"


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["vbios"] = _VERSION


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.skew_vbios(*at, version=_VERSION)


FAULT = FaultKind(
    name="vbios-skew",
    about="the VBIOS is not that of the other GPUs",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
