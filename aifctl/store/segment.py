"""One file of the log. Whoever holds its lock writes it; nobody else touches it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.store.batch import HEAD_BYTES, Member, heads_in, parse_head, parse_records
from aifctl.store.damage import DamagedLogError, LogError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

Sync = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A segment, walked from a member's beginning to its end.

    Attributes:
        members: in order.
        whole_bytes: up to where the segment holds; behind it lies a member whose writing was cut off, or nothing.
        damaged_bytes: how much between members is not what was written.
    """

    members: tuple[Member, ...]
    whole_bytes: int
    damaged_bytes: int = 0


class Segment:
    """A segment of ours, locked: appending, cutting off what we appended ourselves.

    Args:
        descriptor: open for reading and writing, with flock held.
        size_bytes: where the next member goes.
    """

    def __init__(self, path: Path, descriptor: int, size_bytes: int, sync: Sync = os.fdatasync) -> None:
        self.path, self.size_bytes = path, size_bytes
        self._descriptor, self._sync = descriptor, sync

    @property
    def name(self) -> str:
        return self.path.name

    def append(self, member: bytes) -> int:
        """Append a member, on the disk when this returns, and return its offset; LogError, and nothing appended, else."""
        start = self.size_bytes
        try:
            _write_all(self._descriptor, member, start)
            self._sync(self._descriptor)
        except OSError as problem:
            self.cut(start)
            raise log_error(self.path.parent, problem) from problem
        self.size_bytes = start + len(member)
        return start

    def cut(self, offset: int) -> None:
        """Take away what stands at and behind `offset`: a member of ours that came to nothing, or half of one."""
        try:
            os.ftruncate(self._descriptor, offset)
            self._sync(self._descriptor)
        except OSError as problem:
            raise log_error(self.path.parent, problem) from problem
        self.size_bytes = offset

    def records(self, member: Member) -> list[dict[str, Any]]:
        """Read a member's records; DamagedLogError where they are not what was written."""
        return read_records(self._descriptor, member, self.path)

    def walk(self, start: int) -> Walk:
        return walk(self._descriptor, start)

    def close(self) -> None:
        """Let go of the lock; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


@contextmanager
def open_to_read(path: Path) -> Iterator[Segment]:
    """Open a segment that others may write, to look at it."""
    segment = Segment(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC), path.stat().st_size)
    try:
        yield segment
    finally:
        segment.close()


def lock(descriptor: int) -> bool:
    """Take a segment's lock; False where its writer lives."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def log_error(folder: Path, problem: OSError) -> LogError:
    if problem.errno in _FULL:
        return LogError(f"the disk under {folder} is full: nothing more is stored; free space, what was stored stands")
    return LogError(f"the store's log in {folder} can't be written: {problem.strerror}; see to its disk and modes")


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    if os.pwrite(descriptor, data, offset) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_records(descriptor: int, member: Member, path: Path) -> list[dict[str, Any]]:
    """Read the records of one member."""
    data = os.pread(descriptor, member.length, member.offset)
    return parse_records(data, f"{path}, {member.length} bytes at offset {member.offset},")


def walk(descriptor: int, start: int) -> Walk:
    """Find the members from `start` on. Damage in their midst is stepped over; a torn one at the end is left out."""
    members: list[Member] = []
    size, whole, damaged = os.fstat(descriptor).st_size, start, 0
    for member in _heads(descriptor, start, size):
        if member.end > size:
            break
        damaged += member.offset - whole
        members.append(member)
        whole = member.end
    # The last one's length was written with its first bytes: whether the rest came with it, its checksum tells.
    while members and not _is_whole(descriptor, members[-1]):
        whole = members.pop().offset
    return Walk(members=tuple(members), whole_bytes=whole, damaged_bytes=damaged)


def _heads(descriptor: int, start: int, size_bytes: int) -> Iterator[Member]:
    at = start
    while at < size_bytes:
        member = parse_head(os.pread(descriptor, HEAD_BYTES, at), at)
        if member is None or member.length <= HEAD_BYTES:
            member = next(
                (
                    one
                    for one in heads_in(os.pread(descriptor, size_bytes - at, at), at)
                    if one.end <= size_bytes and one.offset > at
                ),
                None,
            )
            if member is None:
                return
        yield member
        at = member.end


def _is_whole(descriptor: int, member: Member) -> bool:
    try:
        read_records(descriptor, member, Path())
    except DamagedLogError:
        return False
    return True
