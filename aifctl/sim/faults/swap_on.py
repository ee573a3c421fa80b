"""A node that swaps."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_SIZE_KIB = 8 << 20


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["memory"]["SwapTotal"] = f"{_SIZE_KIB} kB"


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.turn_swap_on(_SIZE_KIB)


FAULT = FaultKind(
    name="swap-on",
    about="swap is on",
    patch=_patch,
    beneath=_beneath,
)
