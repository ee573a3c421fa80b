"""A process that has waited in the GPU driver for an hour."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_PID, _NAME, _AGE_S, _WAIT = 4000, "python3", 4000.0, "nvidia_ioctl"


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["stuck"].append([_PID, "D", _NAME, _AGE_S, _WAIT])


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.wait_forever(_NAME, _WAIT, since_s=_AGE_S)


FAULT = FaultKind(
    name="stuck-process",
    about="a process has been waiting in the GPU driver for an hour",
    patch=_patch,
    beneath=_beneath,
)
