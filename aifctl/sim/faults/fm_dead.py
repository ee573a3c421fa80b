"""A node whose fabric manager has died: all per-GPU values stay as they were."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.services import fail
from aifctl.sim.probing.told import Told

_UNIT = "nvidia-fabricmanager.service"


def _patch(told: Told, _value: float) -> None:
    if told.tells("units"):
        fail(told.data("units"), _UNIT)


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.kill_service(_UNIT)


FAULT = FaultKind(
    name="fm-dead",
    about="the fabric manager's service has failed; the GPUs tell nothing of it",
    patch=_patch,
    beneath=_beneath,
)
