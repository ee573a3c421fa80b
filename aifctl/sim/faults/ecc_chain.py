"""An uncorrectable error in HBM as the driver tells it: Xid 48, 63 and eight times 94 within a second."""

from __future__ import annotations

from aifctl.sim.fault import FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.kernel_log import KernelLog
from aifctl.sim.probing.told import gpu_address


def _say(log: KernelLog, at: At) -> None:
    for position in at:
        log.ecc_chain(gpu_address(position))


FAULT = FaultKind(
    name="ecc-chain",
    about="the kernel tells of an uncorrectable HBM error: Xid 48, 63, 8 x 94",
    argument=GPU,
    says=_say,
)
