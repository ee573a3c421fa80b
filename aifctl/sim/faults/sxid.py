"""An NVSwitch with a fatal error of a link."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import number as number_of
from aifctl.sim.hardware.kernel_log import KernelLog

_SWITCH = "0000:07:00.0"


def _say(log: KernelLog, number: int) -> None:
    log.sxid(number, _SWITCH)


FAULT = FaultKind(
    name="sxid",
    about="the kernel tells of an NVSwitch's fatal SXid",
    argument=number_of("number", most=99999, default=20034),
    says=_say,
)
