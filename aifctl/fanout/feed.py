"""Standard input for many nodes: spooled once to a file while it streams, read by every node from its beginning."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome

_CHUNK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How far the spool has come: readers may read `size_bytes`; `problem` says why there will never be more."""

    size_bytes: int = 0
    complete: bool = False
    problem: str = ""


class Feed:
    """The readers' side: one per process, told how the file grows. No node's position or bytes are held beyond a chunk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._growth = Growth()
        self._grown: asyncio.Event | None = None

    def grow(self, growth: Growth) -> None:
        """Take news of the spool and wake those who wait for it."""
        self._growth = growth
        if self._grown:
            self._grown.set()
            self._grown = None

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the input from its beginning, as fast as the caller takes it; NodeError local where it broke off."""
        offset = 0
        while True:
            while offset < self._growth.size_bytes:
                data = os.pread(self._open(), min(_CHUNK_BYTES, self._growth.size_bytes - offset), offset)
                if not data:
                    raise NodeError(Outcome.LOCAL, f"the spooled input {self._path} was cut short")
                offset += len(data)
                yield data
            if self._growth.problem:
                raise NodeError(Outcome.LOCAL, self._growth.problem)
            if self._growth.complete:
                return
            await self._more()

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        return self._descriptor

    async def _more(self) -> None:
        if self._grown is None:
            self._grown = asyncio.Event()
        await self._grown.wait()


async def spool(source: BinaryIO, path: Path, *, tell: Callable[[Growth], None]) -> None:
    """Copy `source` to a new file as it comes and tell each growth; what goes wrong is told, not raised.

    The file is 0600 while it grows and 0400 once whole.

    Cancelling leaves the readers waiting: the run is ending then.
    """
    size = 0
    try:
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while data := await _read(source.fileno()):
                _write(target, data)
                size += len(data)
                tell(Growth(size_bytes=size))
            os.fchmod(target, stat.S_IRUSR)  # read-only: the mark of a whole one, for whoever resumes the run
        finally:
            os.close(target)
    except OSError as problem:
        tell(Growth(size_bytes=size, problem=f"the input can't be spooled to {path}: {problem.strerror}"))
    else:
        tell(Growth(size_bytes=size, complete=True))


async def _read(descriptor: int) -> bytes:
    """Return some bytes, empty at the end; waits in the loop, so that a silent terminal holds up nobody."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # always ready, and epoll refuses it
        await asyncio.sleep(0)
        return os.read(descriptor, _CHUNK_BYTES)
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _done, ready)
    except PermissionError:  # /dev/null: what epoll refuses never makes anybody wait
        await asyncio.sleep(0)
        return os.read(descriptor, _CHUNK_BYTES)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK_BYTES)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
