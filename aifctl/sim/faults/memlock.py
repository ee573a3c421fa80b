"""A node whose users may lock 64 KiB of memory, where RDMA needs all."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_LIMIT = "65536"


def _patch(told: Told, _value: float) -> None:
    if told.tells("host"):
        told.data("host")["limits"]["Max locked memory"] = told.data("host")["limits"]["Max locked memory"].replace(
            "unlimited", _LIMIT
        )


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.memlock = _LIMIT


FAULT = FaultKind(
    name="memlock",
    about="locked memory is limited to 64 KiB",
    patch=_patch,
    beneath=_beneath,
)
