"""Processes that have been waiting in the kernel, or for their parent, longer than they should."""

import errno
import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

_MOST_PROCESSES, _MOST_TOLD = 65536, 64
#: Waits shorter than this are told nowhere: a disk's, a fork's.
_SHORT_S = 10.0
#: Where the kernel does not tell since when one waits, it is looked at twice.
_AGAIN_MS = 150
_STATES = (b"Z", b"D")
_KERNEL_THREADS = b"2"  # their common parent


def stuck(root: str, uptime_s: float) -> "List[Any]":
    """Return [pid, state, name, seconds or None, where it waits] of each; kernel threads' names stand in brackets.

    OSError where there is no process table, or others' processes are kept from us (hidepid).
    """
    folder = os.path.join(root, "proc")
    prefix = folder + "/"
    found = []
    names = os.listdir(folder)
    if "1" not in names:
        raise PermissionError(errno.EACCES, "processes of others are not shown")
    for name in names[:_MOST_PROCESSES]:  # thousands: nothing here that could be left away
        if name.isdigit():
            head, _, rest = _stat(prefix + name + "/stat").rpartition(b") ")
            if rest[:1] in _STATES:
                found += _told(prefix + name, head, rest, uptime_s)
    untold = [one for one in found if one[3] is None]
    if untold:
        select.poll().poll(_AGAIN_MS)
        gone = [one for one in untold if _switches(folder, one[0]) != one[5]]
        found = [one for one in found if one not in gone]
    return [one[:5] for one in sorted(found)[:_MOST_TOLD]]


def _stat(path: str) -> bytes:
    """Return a process's line, empty where it has ended."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(fd, 1024)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _told(folder: str, head: bytes, rest: bytes, uptime_s: float) -> "List[List[Any]]":
    since_s = _last_ran_s(folder)
    age_s = None if since_s is None else round(max(0.0, uptime_s - since_s), 1)
    if age_s is not None and age_s < _SHORT_S:
        return []
    name = head.partition(b"(")[2].decode("utf-8", "replace")
    if rest.split()[1:2] == [_KERNEL_THREADS]:
        name = "[%s]" % name
    base, _, pid = folder.rpartition("/")
    state, wait = rest[:1].decode("ascii"), _text(folder + "/wchan")
    return [[int(pid), state, name, age_s, wait, _switches(base, int(pid))]]


def _last_ran_s(folder: str) -> "Optional[float]":
    """Return when it last ran, seconds since boot; a process's start would make any old one look stuck."""
    for line in _text(folder + "/sched").splitlines()[:12]:
        name, _, value = line.partition(":")
        if name.strip() == "se.exec_start":
            try:
                return float(value) / 1000
            except ValueError:
                return None
    return None


def _switches(folder: str, pid: int) -> str:
    """Return how often it has been switched away from: one that waits all the time is not."""
    lines = _text("%s/%d/status" % (folder, pid)).splitlines()
    return "".join(line for line in lines if "ctxt_switches" in line)


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""
