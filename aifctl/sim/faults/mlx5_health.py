"""An adapter whose own health monitor has found something."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import RAIL, At
from aifctl.sim.hardware.fabric import hca_addresses
from aifctl.sim.hardware.kernel_log import KernelLog


def _say(log: KernelLog, at: At) -> None:
    for rail in at:
        log.mlx5(hca_addresses()[rail])


FAULT = FaultKind(
    name="mlx5-health",
    about="the kernel tells that the adapter's health is compromised",
    argument=RAIL,
    says=_say,
)
