"""A GPU whose PCIe link has trained to less than it can."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told, address_of

_GENERATION = 3


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["gen"] = _GENERATION
        devices, address = told.devices(), address_of(gpu)
        if address in devices:
            for end in (devices[address], devices[devices[address]["up"]]):
                end["speed"] = "8.0 GT/s PCIe"


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.downtrain_pcie(*at, generation=_GENERATION)
    for position in at:
        node.pci.downtrain_gpu(position, generation=_GENERATION)


FAULT = FaultKind(
    name="pcie-downtrain",
    about="the GPU's PCIe link has trained to generation 3",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
