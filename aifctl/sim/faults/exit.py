"""A node on which every command fails."""

from __future__ import annotations

from aifctl.core.errors import UsageError
from aifctl.sim.fault import Argument, FaultKind, Running

_LARGEST = 255


def _status(text: str) -> float:
    if not text.isdigit() or int(text) > _LARGEST:
        raise UsageError(f"{text!r} is not an exit status; write 0 to {_LARGEST}")
    return int(text)


async def _exit(running: Running, status: float) -> int:
    await running.proceed()
    return int(status)


FAULT = FaultKind(
    name="exit",
    about="every command runs and ends with that status",
    argument=Argument(name="status", parse=_status, default=1),
    around=_exit,
)
