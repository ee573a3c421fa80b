"""An adapter that is gone: its driver has given it up, the bus lists it no more."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.fabric import hca_addresses
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.node.parts import HCAS
from aifctl.sim.probing.pci_devices import tidy_bridges
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for rail in at:
        if told.tells("port"):
            told.data("port")["devices"].pop(HCAS[rail], None)
        told.devices().pop(hca_addresses()[rail], None)
    tidy_bridges(told.devices())


def _beneath(node: NodeHardware, at: At) -> None:
    for rail in sorted(at, reverse=True):
        node.pci.remove(node.fabric.remove(rail).address)


FAULT = FaultKind(
    name="hca-lost",
    about="the adapter of that rail is gone",
    argument=RAIL,
    patch=_patch,
    beneath=_beneath,
)
