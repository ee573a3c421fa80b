"""A GPU of which the driver reports an Xid."""

from __future__ import annotations

from aifctl.core.errors import UsageError
from aifctl.sim.fault import Argument, FaultKind
from aifctl.sim.fault_arguments import GPU, At
from aifctl.sim.hardware.kernel_log import KernelLog
from aifctl.sim.probing.told import gpu_address

_MOST = 999


def _parse(text: str) -> tuple[int, At]:
    """Read 79, or 79:3 for the GPU at position 3."""
    number, colon, where = text.partition(":")
    if not number.isdigit() or not 0 < int(number) <= _MOST:
        raise UsageError(f"{number!r} is no Xid; write xid:79, or xid:79:3 for the GPU at position 3")
    return int(number), GPU.parse(where) if colon else GPU.default


def _say(log: KernelLog, value: tuple[int, At]) -> None:
    number, at = value
    for position in at:
        log.xid(number, gpu_address(position))


FAULT = FaultKind(
    name="xid",
    about="the driver reports that Xid, of one GPU or of the one behind a second colon",
    argument=Argument(name="number", parse=_parse),
    says=_say,
)
