"""GPUs that have fallen off the bus: listed still, and answering nobody."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.boards import GPU_IS_LOST
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.pci_devices import silence
from aifctl.sim.probing.told import Told, address_of


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        index, address = gpu["index"], address_of(gpu)
        gpu.clear()
        gpu.update({"index": index, "!": GPU_IS_LOST, "address": address})
        silence(told.devices(), address)


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.lose(*at)
    for position in at:
        node.pci.lose_gpu(position)


FAULT = FaultKind(
    name="gpu-lost",
    about="the GPU answers neither NVML nor the bus (rev ff)",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
