"""A file system whose server does not answer."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told

_PLACE = "/home"


def _patch(told: Told, _value: float) -> None:
    for mount in told.mounts(_PLACE):
        del mount["b"], mount["f"]
        mount["st"] = "timeout"


def _beneath(node: NodeHardware, _value: float) -> None:
    node.host.hang(_PLACE)


FAULT = FaultKind(
    name="mount-hung",
    about="a network file system's server does not answer (/home)",
    patch=_patch,
    beneath=_beneath,
)
