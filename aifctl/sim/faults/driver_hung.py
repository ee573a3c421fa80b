"""A node whose GPU driver answers nothing any more."""

from __future__ import annotations

import signal

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    told.end("gpu", "timeout", "driver-hung", "the driver said nothing for 10 s")


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.hang(signal.pause)


FAULT = FaultKind(
    name="driver-hung",
    about="the GPU driver does not come back from a question",
    patch=_patch,
    beneath=_beneath,
)
