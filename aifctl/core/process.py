"""Which process this is, in words that stay true after it: a pid alone is used again within hours."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOT_IN_WORDS = re.compile(r"[^a-z0-9]+")
_MOST_WORD = 63  # a label of a host name
# Fields of /proc/PID/stat behind the command's name, which may hold spaces and brackets itself: 22 - 2 of proc(5).
_START_FIELD = 19
_NO_BOOT_ID = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process of one boot of one control host.

    Attributes:
        start_ticks: clock ticks between boot and the process's start; 0 where /proc does not tell.
    """

    pid: int
    start_ticks: int
    boot_id: str
    control_host: str

    def facts(self) -> dict[str, Any]:
        """Return the identity as JSON-able facts; `identity_of` reads them."""
        return {
            "pid": self.pid,
            "start_ticks": self.start_ticks,
            "boot_id": self.boot_id,
            "control_host": self.control_host,
        }

    def is_local(self) -> bool:
        """Tell whether it was started on this control host since its last boot."""
        return self.control_host == socket.gethostname() and self.boot_id == _boot_id()

    def is_alive(self) -> bool:
        """Tell whether that very process still runs here; False for one of another control host or boot."""
        return self.is_local() and self.start_ticks > 0 and _start_ticks(self.pid) == self.start_ticks


def control_host_word(host_name: str) -> str:
    """Return what stands for a control host in names of files and in the store: its short name, letters and digits alone."""
    return _NOT_IN_WORDS.sub("", host_name.lower().partition(".")[0])[:_MOST_WORD] or "host"


def this_process() -> ProcessIdentity:
    pid = os.getpid()
    return ProcessIdentity(
        pid=pid, start_ticks=_start_ticks(pid), boot_id=_boot_id(), control_host=socket.gethostname()
    )


def identity_of(facts: Mapping[str, Any]) -> ProcessIdentity | None:
    """Read what `facts()` gave; None where something is missing or of another shape."""
    pid, start_ticks = facts.get("pid"), facts.get("start_ticks")
    boot_id, control_host = facts.get("boot_id"), facts.get("control_host")
    if not (isinstance(pid, int) and isinstance(start_ticks, int)):
        return None
    if not (isinstance(boot_id, str) and isinstance(control_host, str)) or pid <= 0:
        return None
    return ProcessIdentity(pid=pid, start_ticks=start_ticks, boot_id=boot_id, control_host=control_host)


def _start_ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    fields = stat.rpartition(b")")[2].split()
    # A zombie has ended: it holds no lock and obeys no signal.
    return 0 if not fields or fields[0] in {b"Z", b"X"} else int(fields[_START_FIELD])


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return _NO_BOOT_ID
