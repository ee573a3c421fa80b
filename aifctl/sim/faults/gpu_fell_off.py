"""A GPU that is not there: neither NVML nor the bus knows it."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.pci_devices import tidy_bridges
from aifctl.sim.probing.told import Told, gpu_address


def _patch(told: Told, at: At) -> None:
    if told.tells("gpu"):
        data, gone = told.data("gpu"), told.gpus(at)
        data["gpus"] = [gpu for gpu in data["gpus"] if gpu not in gone]
        data["count"] = len(data["gpus"])
        for index, gpu in enumerate(data["gpus"]):
            gpu["index"] = index
    for position in at:
        told.devices().pop(gpu_address(position), None)
    tidy_bridges(told.devices())


def _beneath(node: NodeHardware, at: At) -> None:
    for position in sorted(at, reverse=True):
        node.gpus.remove(position)
        node.pci.remove_gpu(position)


FAULT = FaultKind(
    name="gpu-fell-off",
    about="the GPU is gone from the bus; seven are left",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
