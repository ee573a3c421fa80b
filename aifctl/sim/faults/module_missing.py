"""A node whose GPUs and HCAs know no direct way to each other."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        del told.data("host")["modules"]["nvidia_peermem"]


def _beneath(node: NodeHardware, _value: float) -> None:
    del node.host.modules["nvidia_peermem"]


FAULT = FaultKind(
    name="module-missing",
    about="nvidia_peermem is not loaded",
    patch=_patch,
    beneath=_beneath,
)
