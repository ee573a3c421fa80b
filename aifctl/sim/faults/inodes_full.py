"""A file system with room and without inodes."""

from __future__ import annotations

from aifctl.sim.fault_shapes import full_mount
from aifctl.sim.hardware.host import HostHardware

FAULT = full_mount(
    "inodes-full",
    about="a file system has no inodes left (/, or the one that is named)",
    counts="f",
    used=0.99,
    fill=HostHardware.fill_inodes,
)
