"""An adapter with other firmware than its seven siblings."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.parts import HCAS
from aifctl.sim.probing.told import Told

_VERSION = "28.36.1010"


def _patch(told: Told, at: At) -> None:
    for hca in told.hcas(*(HCAS[rail] for rail in at)):
        hca["fw"] = _VERSION


def _beneath(node: NodeHardware, at: At) -> None:
    node.fabric.skew_firmware(*at, version=_VERSION)


FAULT = FaultKind(
    name="hca-firmware-skew",
    about="the firmware of that rail's adapter is another than its siblings'",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
