"""A GPU that stands at the other processor, as after a repair that has swapped two boards."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told, gpu_address


def _patch(told: Told, at: At) -> None:
    for position in at:
        if device := told.devices().get(gpu_address(position)):
            device["numa"] = str(1 - int(device["numa"]))


def _beneath(node: NodeHardware, at: At) -> None:
    for position in at:
        gpu = node.pci.gpus()[position]
        gpu.numa = 1 - gpu.numa


FAULT = FaultKind(
    name="gpu-wrong-socket",
    about="the GPU is at the other processor's NUMA node",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
