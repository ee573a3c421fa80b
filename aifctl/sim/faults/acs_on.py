"""A bridge above a GPU that sends its traffic with the HCA beside it through the processor."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told, gpu_address


def _patch(told: Told, at: At) -> None:
    devices = told.devices()
    for position in at:
        device = devices.get(gpu_address(position))
        if device:
            devices[device["up"]]["acs"] = "0001"


def _beneath(node: NodeHardware, at: At) -> None:
    node.pci.turn_acs_on(node.pci.bridge_above_gpu(position).address for position in at)


FAULT = FaultKind(
    name="acs-on",
    about="access control is on at the bridge above the GPU",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
