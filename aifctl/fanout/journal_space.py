"""Room on the disk for what a journal must still be able to say when the disk is full.

Every node that was started is owed an end, and the run a seal. That room is taken before the node is started: with
fallocate behind the journal's end where the file system can (ext4, xfs, btrfs, tmpfs), else with a ballast file whose
blocks are given back when writing fails (NFS before 4.2 and its like).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from functools import cache
from pathlib import Path
from typing import Protocol

from aifctl.core.state_dir import StateDir

BALLAST = "ballast"
#: What means "no room": the disk, the user's quota, or the largest file allowed.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# linux/falloc.h: blocks are taken, the file's size stays, so O_APPEND still writes behind the last record.
_FALLOC_FL_KEEP_SIZE = 1
_CANNOT = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV, errno.EPERM})
_UNLIMITED = 1 << 62
# Width is far below this, so that no more than these many ends can be owed at once.
_BALLAST_MOST_BYTES = 4 << 20


class Space(Protocol):
    """Room for a journal."""

    def reach(self, size_bytes: int) -> int:
        """Make sure that the file can grow to this size; returns to which it can. OSError (one of FULL) if not."""

    def free_ballast(self) -> None:
        """Give back what was held for the moment when the disk is full."""

    def trim(self, size_bytes: int) -> None:
        """Give back everything behind the file's end."""


class Extent:
    """Blocks behind the journal's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reached = 0

    def reach(self, size_bytes: int) -> int:
        if size_bytes > self._reached:
            _fallocate(self._descriptor, self._reached, size_bytes - self._reached)
            self._reached = size_bytes
        return self._reached

    def free_ballast(self) -> None:
        """Nothing: what is reserved is the journal's own."""

    def trim(self, size_bytes: int) -> None:
        # Truncating to the size it has frees the blocks behind it (ext4, xfs, tmpfs).
        os.ftruncate(self._descriptor, size_bytes)
        self._reached = size_bytes


class Ballast:
    """A file of real bytes; a run of zeros would be a hole on file systems that compress."""

    def __init__(self, state: StateDir, folder: Path, size_bytes: int) -> None:
        self._path = folder / BALLAST
        descriptor = state.open_file(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            wanted = min(size_bytes, _BALLAST_MOST_BYTES)
            while wanted > 0:
                wanted -= os.write(descriptor, os.urandom(min(wanted, 1 << 16)))
        except OSError:
            self.free_ballast()
            raise
        finally:
            os.close(descriptor)

    def reach(self, size_bytes: int) -> int:
        """Promise anything: here a full disk shows only when writing."""
        return max(size_bytes, _UNLIMITED)

    def free_ballast(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def trim(self, size_bytes: int) -> None:
        del size_bytes
        self.free_ballast()


def take_space(state: StateDir, folder: Path, descriptor: int, size_bytes: int) -> Space:
    """Take room for this many bytes; OSError (one of FULL) where there is not that much."""
    extent = Extent(descriptor)
    try:
        extent.reach(size_bytes)
    except OSError as problem:
        if problem.errno not in _CANNOT:
            raise
        return Ballast(state, folder, size_bytes)
    return extent


def _fallocate(descriptor: int, offset: int, length: int) -> None:
    while _libc().fallocate(descriptor, _FALLOC_FL_KEEP_SIZE, offset, length):
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))


@cache
def _libc() -> ctypes.CDLL:
    # os.posix_fallocate is no use here: it changes the size, and writes zeros itself where the file system can't.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    libc.fallocate.restype = ctypes.c_int
    return libc
