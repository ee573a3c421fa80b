"""A file system that is nearly full."""

from __future__ import annotations

from aifctl.sim.fault_shapes import full_mount
from aifctl.sim.hardware.host import HostHardware

FAULT = full_mount(
    "disk-full",
    about="a file system is 97 % full (/, or the one that is named)",
    counts="b",
    used=0.97,
    fill=HostHardware.fill,
)
