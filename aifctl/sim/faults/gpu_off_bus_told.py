"""A GPU of which the kernel says, without any Xid, that it has fallen off the bus."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.kernel_log import KernelLog
from aifctl.sim.probing.told import gpu_address


def _say(log: KernelLog, at: At) -> None:
    for position in at:
        log.fallen_off(gpu_address(position))


FAULT = FaultKind(
    name="gpu-off-bus-told",
    about="the kernel tells, without an Xid, that the GPU has fallen off the bus",
    argument=GPU,
    says=_say,
)
