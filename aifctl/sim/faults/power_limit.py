"""A GPU whose power limit somebody has lowered."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_LIMIT_W = 500


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["limit_mw"] = _LIMIT_W * 1000


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.limit_power(_LIMIT_W, *at)


FAULT = FaultKind(
    name="power-limit",
    about="the power limit is 500 W",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
