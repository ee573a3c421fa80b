"""A chassis that stands where the inventory has another: swapped, and nobody said so."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_SERIAL = "SIM999901"


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["dmi"].update(product_serial=_SERIAL, board_serial=f"B{_SERIAL}", chassis_serial=_SERIAL)


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.serial = _SERIAL


FAULT = FaultKind(
    name="wrong-serial",
    about="the chassis is not the one that the inventory has there",
    patch=_patch,
    beneath=_beneath,
)
