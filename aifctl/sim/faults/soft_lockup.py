"""A CPU that does not come out of the kernel."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, _value: float) -> None:
    log.soft_lockup()


FAULT = FaultKind(
    name="soft-lockup",
    about="the kernel tells of a CPU that is stuck",
    says=_say,
)
