"""A GPU with NVLinks that are down."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, number
from aifctl.sim.hardware.boards import LINK_FIELDS, LINKS, NOT_SUPPORTED, remotes
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.told import Told


def _patch(told: Told, count: int) -> None:
    for gpu in told.gpus(GPU.default):
        links = gpu["links"]
        links["state"][:count] = [0] * count
        for field in LINK_FIELDS:
            links[field][:count] = [{"!": NOT_SUPPORTED}] * count
        links["remote"] = remotes()


def _beneath(node: NodeHardware, count: int) -> None:
    node.gpus.cut_links(count, *GPU.default)


FAULT = FaultKind(
    name="nvlink-down",
    about="so many NVLinks of one GPU are down",
    argument=number("links", most=LINKS),
    patch=_patch,
    beneath=_beneath,
)
