"""A node whose driver was updated under the one that is loaded."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, _value: float) -> None:
    told.end(
        "gpu", "error", "library-mismatch", "the NVIDIA libraries and the loaded driver are of two versions: reboot"
    )


def _beneath(node: NodeHardware, _value: float) -> None:
    node.gpus.mismatch_library()


FAULT = FaultKind(
    name="library-mismatch",
    about="NVIDIA's libraries and the loaded driver are of two versions",
    patch=_patch,
    beneath=_beneath,
)
