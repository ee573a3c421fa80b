"""A fabric port whose cable or transceiver is bad: it counts errors at every look."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.ports import count
from aifctl.sim.probing.told import Told

_ERRORS = 500


def _patch(told: Told, at: At) -> None:
    for port in told.rails(at):
        count(port, "symbol_error", _ERRORS * told.fault_age)


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.count("symbol_error", _ERRORS * node.fault_age, *at)


FAULT = FaultKind(
    name="ib-errors",
    about="the port of that rail counts symbol errors",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
