"""What the probe's mounts section read: file systems, their room, and which do not answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.alike import Alike
from aifctl.diagnosis.host import Filesystem
from aifctl.diagnosis.sysfs_values import why_absent
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_MOUNTS, _LONGEST = 256, 300
#: The server has forgotten what is mounted; something else is mounted over the place, or its directory is gone.
_STALE, _HIDDEN = "ESTALE", ("ENOENT", "ENOTDIR")
_MOST = 1 << 63
#: What nodes have in common of a file system, beside its size.
_OF_MOUNT = ("at", "type", "from", "ro", "st")
_ALIKE: Alike[dict[str, Any]] = Alike(longest_bytes=1024)


def parse_mounts(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return {"filesystems": ...}, in order of place.

    Raises:
        UnreadableError: it is not what `onnode/probe/sections/mounts.py` makes.
    """
    mounts = data.get("mounts")
    if not isinstance(mounts, list) or len(mounts) > _MOST_MOUNTS:
        raise UnreadableError("the mounts section has no list of mounts")
    found = {one.mount: one for one in map(_filesystem, mounts)}
    return {"filesystems": tuple(found[mount] for mount in sorted(found))}


def _filesystem(entry: object) -> Filesystem:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("at"), str):
        raise UnreadableError("a mount of the mounts section has no place")
    said = entry.get("st")
    blocks, inodes = _three(entry.get("b"), said), _three(entry.get("f"), said)
    return Filesystem(
        **_ALIKE.made([entry.get(key) for key in _OF_MOUNT], partial(_read, entry)),
        size_bytes=blocks if isinstance(blocks, Absent) else _the_one(blocks[0]),
        available_bytes=blocks if isinstance(blocks, Absent) else blocks[2],
        used_pct=_used_pct(blocks),
        inodes_used_pct=_used_pct(inodes),
    )


def _read(entry: Mapping[str, Any]) -> dict[str, Any]:
    read_only = entry.get("ro")
    return {
        "mount": _line(entry["at"]),
        "type": _line(entry.get("type")),
        "source": _line(entry.get("from")),
        "read_only": read_only if isinstance(read_only, bool) else Absent.MISSING,
        "status": _status(entry.get("st")),
    }


@lru_cache(maxsize=1024)
def _the_one(size_bytes: int) -> int:
    """Return one and the same number for all file systems of that size: what is alike is known by its identity (packing)."""
    return size_bytes


def _status(said: object) -> str:
    """Return ok, timeout, stale, hidden, denied or error."""
    if said in ("ok", "timeout"):
        return str(said)
    refused = said.get("!") if isinstance(said, Mapping) else None
    if refused == _STALE:
        return "stale"
    if refused in _HIDDEN:
        return "hidden"
    return "denied" if why_absent(said) is Absent.DENIED else "error"


def _three(value: object, said: object) -> tuple[int, int, int] | Absent:
    match value:
        case [int(whole), int(free), int(available)] if all(0 <= one < _MOST for one in (whole, free, available)):
            return whole, free, available
    if said == "timeout":
        return Absent.TIMEOUT
    return Absent.ERROR if said == "ok" else why_absent(said)


def _used_pct(told: tuple[int, int, int] | Absent) -> float | Absent:
    """Return what df says: used of what an ordinary user may have; n/a where a file system counts none (inodes of btrfs)."""
    if isinstance(told, Absent):
        return told
    whole, free, available = told
    used = max(0, whole - free)
    return round(100 * used / (used + available), 1) if whole and used + available else Absent.NOT_AVAILABLE


def _line(value: object) -> str:
    return printable_line(value[:_LONGEST]) if isinstance(value, str) else ""
