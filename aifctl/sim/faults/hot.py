"""A GPU that has no margin left below its highest operating temperature, and is not slowed down yet."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.gpus import MARGIN_AND_TEMPERATURE_C
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_MARGIN_C = -1


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["margin"], gpu["temp"] = _MARGIN_C, MARGIN_AND_TEMPERATURE_C - _MARGIN_C


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.warm(*at, margin_c=_MARGIN_C)


FAULT = FaultKind(
    name="hot",
    about="no margin is left below the temperature that it may have",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
