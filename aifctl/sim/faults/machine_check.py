"""A CPU that reports an error of its own."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.machine_check()


FAULT = FaultKind(
    name="machine-check",
    about="the kernel tells of a CPU's machine check",
    says=_say,
)
