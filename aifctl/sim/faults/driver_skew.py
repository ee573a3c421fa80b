"""A node with another driver than the fleet; on many nodes: a cohort."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.layout import GPUS
from aifctl.sim.probing.told import Told

_VERSION = "580.95.05"


def _patch(told: Told, _value: float) -> None:
    if told.tells("gpu"):
        told.data("gpu")["driver"] = _VERSION
    for gpu in told.gpus(range(GPUS)):
        gpu["gsp"] = _VERSION


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.skew_driver(_VERSION)


FAULT = FaultKind(
    name="driver-skew",
    about="the GPU driver is of another version than the fleet's",
    patch=_patch,
    beneath=_beneath,
)
