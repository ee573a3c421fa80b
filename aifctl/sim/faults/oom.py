"""A node whose kernel has ended a process for want of memory."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.oom()


FAULT = FaultKind(
    name="oom",
    about="the kernel has ended a process for want of memory",
    says=_say,
)
