"""A process that waits in the GPU driver and does not come back, as the kernel tells it."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.hung_task()


FAULT = FaultKind(
    name="hung-task",
    about="the kernel tells of a process that hangs in the GPU driver",
    says=_say,
)
