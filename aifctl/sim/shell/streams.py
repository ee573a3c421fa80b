"""Where a command reads and writes: pipes between commands, files of the node, bytes in memory."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aifctl.sim.node.disk import Disk, Entry, File

#: What a Linux pipe holds.
_PIPE_BYTES = 65536
BLOCK_BYTES = 32768


class Source(Protocol):
    """Bytes come out of it."""

    async def read(self, limit: int) -> bytes:
        """Return up to `limit` bytes, waiting for the first; b"" at the end."""


class Sink(Protocol):
    """Bytes go into it."""

    async def write(self, data: bytes) -> None:
        """Write all of it, waiting while the other end is slow; BrokenPipeError where nobody will read it."""


class Nothing:
    """/dev/null, both ways."""

    async def read(self, limit: int) -> bytes:  # noqa: ARG002  a Source
        return b""

    async def write(self, data: bytes) -> None: ...


class Memory:
    """Takes what is written, up to a bound, and gives it back."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self._chunks, self._held = most_bytes, list[bytes](), 0

    async def write(self, data: bytes) -> None:
        """Keep it; BrokenPipeError beyond the bound, as if the reader had gone."""
        self._held += len(data)
        if self._held > self.most_bytes:
            raise BrokenPipeError
        self._chunks.append(data)

    def value(self) -> bytes:
        return b"".join(self._chunks)


class Text:
    """Bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    async def read(self, limit: int) -> bytes:
        found = self._data[self._at : self._at + limit]
        self._at += len(found)
        return found


class Pipe:
    """Between two commands of a pipeline: bounded, so that a fast writer waits for a slow reader."""

    def __init__(self) -> None:
        self._buffer, self._changed = bytearray(), asyncio.Event()
        self._written_to_end = self._unread = False

    async def write(self, data: bytes) -> None:
        while True:
            if self._unread:
                raise BrokenPipeError
            room = _PIPE_BYTES - len(self._buffer)
            self._buffer += data[:room]
            data = data[max(room, 0) :]
            self._tell()
            if not data:
                return
            await self._change()

    async def read(self, limit: int) -> bytes:
        while not self._buffer and not self._written_to_end:
            await self._change()
        found = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self._tell()
        return found

    def end_writing(self) -> None:
        self._written_to_end = True
        self._tell()

    def end_reading(self) -> None:
        self._unread = True
        self._buffer.clear()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class FileReader:
    """A file, device or generated file, read from its beginning."""

    def __init__(self, disk: Disk, entry: Entry) -> None:
        self._disk, self._entry, self._at = disk, entry, 0

    async def read(self, limit: int) -> bytes:
        found = self._disk.read(self._entry, self._at, limit)
        self._at += len(found)
        await asyncio.sleep(0)  # a device never ends; other nodes get their turn
        return found


class FileWriter:
    """A file, written from where its end is now."""

    def __init__(self, disk: Disk, entry: Entry) -> None:
        self._disk, self._entry = disk, entry

    async def write(self, data: bytes) -> None:
        self._disk.write(self._entry, data)

    def settle(self) -> None:
        """Say that nothing more comes for now."""
        if isinstance(self._entry, File):
            self._entry.contents.settle()


async def read_all(source: Source, most_bytes: int) -> bytes:
    """Return all that a source gives, up to a bound."""
    chunks, left = [], most_bytes
    while left > 0 and (chunk := await source.read(min(left, BLOCK_BYTES))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


class LineReader:
    """Lines, newline included, out of a source; overlong ones come in pieces."""

    _LONGEST_BYTES = 1 << 20

    def __init__(self, source: Source) -> None:
        self._source, self._buffer, self._ended = source, b"", False

    async def line(self) -> bytes:
        """Return the next line, b"" at the end."""
        while b"\n" not in self._buffer and not self._ended and len(self._buffer) < self._LONGEST_BYTES:
            chunk = await self._source.read(BLOCK_BYTES)
            self._buffer += chunk
            self._ended = not chunk
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line
