"""A node whose fabric manager has not set up the NVSwitches since boot: no GPU reaches another."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.boards import LINK_FIELDS, LINKS, NOT_STARTED, NOT_SUPPORTED, remotes
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.layout import GPUS
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    for gpu in told.gpus(range(GPUS)):
        gpu["fabric"][0] = NOT_STARTED
        links = gpu["links"]
        links["state"] = [0] * LINKS
        links.update({field: [{"!": NOT_SUPPORTED}] * LINKS for field in LINK_FIELDS})
        links["remote"] = remotes()


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.stop_fabric_manager()


FAULT = FaultKind(
    name="fabric-not-started",
    about="the fabric manager has never set up the NVSwitches: all links are down",
    patch=_patch,
    beneath=_beneath,
)
