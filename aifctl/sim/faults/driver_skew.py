"""A node with another driver than the fleet, whole with its fabric manager; on many nodes: a cohort."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.layout import GPUS
from aifctl.sim.node.machine import DRIVER
from aifctl.sim.probing.told import Told

_VERSION = "580.95.05"


def _patch(told: Told, _value: float) -> None:
    if told.tells("gpu"):
        told.data("gpu")["driver"] = _VERSION
    for gpu in told.gpus(range(GPUS)):
        gpu["gsp"] = _VERSION
    if told.tells("host"):
        host = told.data("host")
        host["fabric_manager"] = f"Fabric Manager version is : {_VERSION}"
        host["modules"] = {
            name: _VERSION if version == DRIVER else version for name, version in host["modules"].items()
        }


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.skew_driver(_VERSION)
    host = node.host
    host.fabric_manager = _VERSION
    host.modules = {name: _VERSION if version == DRIVER else version for name, version in host.modules.items()}


FAULT = FaultKind(
    name="driver-skew",
    about="the GPU driver is of another version than the fleet's",
    patch=_patch,
    beneath=_beneath,
)
