"""A GPU without spare rows in a bank: NVIDIA's own criterion for a replacement."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, at: At) -> None:
    for gpu in told.gpus(at):
        gpu["remap"][3] = gpu["fields"]["145"] = 1
        gpu["banks"][0] -= 1
        gpu["banks"][4] += 1


def _beneath(node: NodeHardware, at: At) -> None:
    node.gpus.fail_remap(*at)


FAULT = FaultKind(
    name="remap-failure",
    about="remapping a row of HBM has failed: the GPU is to be replaced",
    argument=GPU,
    patch=_patch,
    beneath=_beneath,
)
