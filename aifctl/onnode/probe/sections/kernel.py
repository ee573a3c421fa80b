"""What the kernel has said since this node booted, or since the last look: the lines that could mean something."""

import errno
import os
import time

from ..kernel_sources import from_dmesg, from_journal, from_kmsg
from ..reply import first_line
from ..trouble import NotHere, Trouble

LIMIT_S = 10.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from ..kernel_sources import Look

_STAT_BYTES = 1 << 16


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return what was found, `lines` as [microseconds since boot, level, text] in order.

    `cursor` of the arguments is what the last look had as its own; one of another boot or source is none. `looked`:
    lines looked at; `dropped`: telling ones that there was no room for; `complete`: read to its end, and of each kind of
    telling line one is there; `lost`: overwritten before anybody looked;
    `first_us`: the oldest line that is still there; `booted_s`: the boot, by the node's own clock.

    Raises:
        NotHere: a made-up root without a log.
        Trouble: denied, or nothing here has a log.
    """
    cursor = arguments.get("cursor", "")
    look = _look(root, cursor if isinstance(cursor, str) else "")
    lines, dropped_count, whole = look.kept.result()
    return {
        "source": look.source,
        "cursor": look.cursor,
        "lines": lines,
        "looked": look.looked_count,
        "dropped": dropped_count,
        "lost": look.lost_count,
        "first_us": look.first_us,
        "complete": look.complete and whole,
        "booted_s": _booted_s(root),
    }


def _look(root: str, cursor: str) -> "Look":
    boot = first_line(root, "proc/sys/kernel/random/boot_id")
    device = os.path.join(root, "dev/kmsg")
    made_up = os.path.realpath(root) != "/"
    try:
        return from_kmsg(device, boot, cursor)
    except OSError as problem:
        if made_up and problem.errno == errno.ENOENT:
            raise NotHere("there is no kernel log below %s" % root) from problem
        refused = "/dev/kmsg can't be read (%s)" % os.strerror(problem.errno or errno.EIO)
        denied = problem.errno in (errno.EPERM, errno.EACCES)
    if not made_up:
        for ask in (from_journal, from_dmesg):
            try:
                return ask(boot, cursor)
            except Trouble as trouble:
                refused += "; " + trouble.message
                denied = denied or trouble.code == "denied"
    raise Trouble("denied" if denied else "no-source", refused)


def _booted_s(root: str) -> "Optional[float]":
    """Return when this node booted; None of a made-up root that does not say."""
    if os.path.realpath(root) == "/":
        return round(time.time() - time.monotonic(), 3)  # noqa: TID251 - the node's own clock is what is told
    try:
        with open(os.path.join(root, "proc/stat"), "rb") as file:
            words = file.read(_STAT_BYTES).split()
        return float(words[words.index(b"btime") + 1])
    except (OSError, ValueError, IndexError):
        return None
