"""A disk that does not give back what was written to it, as the kernel tells it."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.disk_error()


FAULT = FaultKind(
    name="disk-error",
    about="the kernel tells that a disk can't be read",
    says=_say,
)
