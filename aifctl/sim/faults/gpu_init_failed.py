"""A GPU that the driver could not start."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.kernel_log import KernelLog
from aifctl.sim.probing.told import gpu_address


def _say(log: KernelLog, at: At) -> None:
    for position in at:
        log.gpu_init_failed(gpu_address(position))


FAULT = FaultKind(
    name="gpu-init-failed",
    about="the kernel tells that the driver could not start the GPU",
    argument=GPU,
    says=_say,
)
