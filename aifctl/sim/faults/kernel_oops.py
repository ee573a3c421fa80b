"""A kernel that has run into itself and goes on."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.oops()


FAULT = FaultKind(
    name="kernel-oops",
    about="the kernel has had an oops",
    says=_say,
)
