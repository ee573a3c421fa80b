"""A GPU that the hardware slows down for its heat."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.boards import HW_SLOWDOWN, HW_THERMAL, SW_THERMAL
from aifctl.sim.hardware.gpus import MARGIN_AND_TEMPERATURE_C
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_MARGIN_C = -3


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["margin"], gpu["temp"] = _MARGIN_C, MARGIN_AND_TEMPERATURE_C - _MARGIN_C
        gpu["reasons"] |= HW_SLOWDOWN | HW_THERMAL | SW_THERMAL


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.heat(*at, margin_c=_MARGIN_C)


FAULT = FaultKind(
    name="hw-thermal",
    about="so hot that the hardware slows it down",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
