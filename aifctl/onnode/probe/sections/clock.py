"""The node's clock: whether somebody keeps it right, by how much it is off, and what it counts with."""

import os
import struct

from ..sysfs import text_of
from ..told_root import told
from ..tool import find, run
from ..trouble import NotHere, Trouble

LIMIT_S = 5.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_TOOL_LIMIT_S = 2.0
_TIMEX_BYTES = 208
#: struct timex, <sys/timex.h>, on 64 bits: modes, offset, freq, maxerror, esterror, status.
_HEAD = "=Iiqqqqi"


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":  # noqa: ARG001 - every section takes both
    """Return {"source": "adjtimex", "timex": {"state", "status", "offset", "max_error_us"}, "chrony": text, "counter": text}.

    `timex` is the kernel's own word, `offset` in microseconds, or nanoseconds where status has STA_NANO (0x2000); {"!": ERROR}
    where it can't be asked. `chrony`: `chronyc -c tracking`; "" where there is no chrony, or it does not answer.
    """
    counter = text_of(os.path.join(root, "sys/devices/system/clocksource/clocksource0/current_clocksource"))
    made_up = told(root)
    if made_up is not None and "clock" in made_up:
        return dict(made_up["clock"], source="adjtimex", counter=counter)
    if os.path.realpath(root) != "/":
        raise NotHere("this root has no clock of its own")
    return {"source": "adjtimex", "timex": _timex(), "chrony": _chrony(), "counter": counter}


def _timex() -> "Dict[str, Any]":
    import ctypes  # noqa: PLC0415 - 5 ms that only this section needs

    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return {"!": "ENOSYS"}
    if state < 0:
        return {"!": "EPERM"}
    _, _, offset, _, max_error_us, _, status = struct.unpack_from(_HEAD, buffer.raw)
    return {"state": state, "status": status, "offset": offset, "max_error_us": max_error_us}


def _chrony() -> str:
    path = find("/", "chronyc")
    if path is None:
        return ""
    try:
        code, text = run([path, "-n", "-c", "tracking"], _TOOL_LIMIT_S)
    except Trouble:
        return ""
    return "" if code else text.strip()[:512]
