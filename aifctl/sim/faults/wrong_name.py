"""A node that answers under another node's name."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_NAME = "r999n01"


def _patch(told: Told, _value: float) -> None:
    told.about["hostname"] = _NAME
    if told.tells("host"):
        told.data("host")["hostname"] = _NAME


def _beneath(node: NodeHardware, _value: float) -> None:
    node.hostname = node.host.hostname = _NAME


FAULT = FaultKind(
    name="wrong-name",
    about="the node calls itself by another name",
    patch=_patch,
    beneath=_beneath,
)
