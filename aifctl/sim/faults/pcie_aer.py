"""A GPU whose PCIe link has had an error that was fatal to what was under way."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told, gpu_address


def _patch(told: Told, at: At) -> None:
    for position in at:
        device = told.devices().get(gpu_address(position))
        if device:
            device["fatal"] = str(int(device["fatal"]) + 1)


def _beneath(node: NodeHardware, at: At) -> None:
    for position in at:
        node.pci.count_errors(node.pci.gpus()[position].address)


FAULT = FaultKind(
    name="pcie-aer",
    about="the kernel has counted a fatal PCIe error of the GPU",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
