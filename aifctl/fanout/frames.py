"""Messages between a run's processes: tuples of plain values, many to a frame, over one socket pair.

marshal, not pickle: it packs a result in a microsecond where pickled dataclasses take twenty, and what it reads is
data and never calls anything. Both ends are the same interpreter, which is all that its format asks for.
"""

from __future__ import annotations

import asyncio
import marshal
import socket
import struct
from collections.abc import Callable
from typing import Any

_HEADER = struct.Struct("!I")
_READ_BYTES = 256 << 10
#: How long a message waits for others. A frame costs two system calls and a turn of both loops, as much as handling
#: a node, and a journal's sync covers all the starts of one frame; three such waits per node are lost among 128 dials.
_LINGER_S = 0.005
#: What may wait to be written before senders of what can wait are held back.
HIGH_WATER_BYTES = 4 << 20

Message = tuple[Any, ...]


class FrameSocket:
    """One end. What is sent within a few milliseconds leaves as one frame."""

    def __init__(
        self, connection: socket.socket, *, received: Callable[[list[Message]], None], closed: Callable[[], None]
    ) -> None:
        connection.setblocking(False)
        self._connection, self._received, self._closed = connection, received, closed
        self._loop = asyncio.get_running_loop()
        self._pending: list[Message] = []
        self._out = bytearray()
        self._in = bytearray()
        self._writing = False
        self._open = True
        self._drained: asyncio.Future[None] | None = None
        self._loop.add_reader(connection, self._read)

    def send(self, message: Message) -> None:
        """Queue a message; after the other end has gone it is dropped, and `closed` has said so."""
        if not self._pending:
            self._loop.call_later(_LINGER_S, self._flush)
        self._pending.append(message)

    def is_choked(self) -> bool:
        """Whether so much waits to be written that what is merely shown should be left out."""
        return len(self._out) > HIGH_WATER_BYTES

    async def drained(self) -> None:
        """Wait until all that was sent is with the kernel, or the other end is gone."""
        self._flush()
        while self._out and self._open:
            if self._drained is None:
                self._drained = self._loop.create_future()
            await asyncio.shield(self._drained)

    def close(self) -> None:
        """Let go of the socket; `closed` is not called."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
            self._connection.close()
            self._release()

    def _flush(self) -> None:
        if not self._pending:
            return
        body = marshal.dumps(self._pending)
        self._pending.clear()
        if self._open:
            self._out += _HEADER.pack(len(body))
            self._out += body
            self._write()

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: self._connection.send(self._out)]
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._connection, self._write)
            return
        except OSError:
            self._lose()
            return
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._connection)
        self._release()

    def _read(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
            return
        self._in += data
        for messages in self._frames():
            self._received(messages)

    def _frames(self) -> list[list[Message]]:
        frames = []
        start = 0
        while len(self._in) - start >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._in, start)
            end = start + _HEADER.size + size
            if end > len(self._in):
                break
            frames.append(marshal.loads(memoryview(self._in)[start + _HEADER.size : end].tobytes()))  # noqa: S302 - from our own child or parent, over a pair of sockets that nobody else can open
            start = end
        del self._in[:start]
        return frames

    def _lose(self) -> None:
        if self._open:
            self.close()
            self._closed()

    def _release(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None
