"""A node whose fabric manager is of another version than its driver."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_VERSION = "580.82.07"


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["fabric_manager"] = f"Fabric Manager version is : {_VERSION}"


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.fabric_manager = _VERSION


FAULT = FaultKind(
    name="fm-skew",
    about="the fabric manager is not of the driver's version",
    patch=_patch,
    beneath=_beneath,
)
