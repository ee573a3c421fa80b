"""A node on which a service has failed."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.services import fail
from aifctl.sim.probing.told import Told

_UNIT = "nvidia-persistenced.service"


def _patch(told: Told, _value: float) -> None:
    if told.tells("units"):
        fail(told.data("units"), _UNIT)


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.kill_service(_UNIT)


FAULT = FaultKind(
    name="service-dead",
    about="a service has failed: nvidia-persistenced",
    patch=_patch,
    beneath=_beneath,
)
