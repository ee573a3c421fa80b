"""A TCP connection for one SSH connection: a socket, the loop's readiness callbacks, and nothing between.

asyncio's own transport costs about 80 µs per connection in futures, scheduled callbacks and name look-ups that a fan-out
of thousands pays for and never uses. What is kept: back-pressure in both directions and an orderly end.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from typing import Any, Protocol

#: First reads are small (a handshake's packets); a stream that fills them gets larger ones. 128 KiB and above would
#: make malloc map and unmap pages for every read.
_SMALL_READ_BYTES = 16384
_LARGE_READ_BYTES = 120_000
#: Beyond this much unsent data writers are asked to wait.
HIGH_WATER_BYTES = 262_144
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)
_NO_LINGER = struct.pack("ii", 1, 0)


class Receiver(Protocol):
    """Who gets the bytes; `data_received` may close the wire."""

    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def resume_writing(self) -> None: ...


class Wire:
    """As much of asyncio.Transport as an SSH connection uses."""

    __slots__ = ("_loop", "_paused", "_pending", "_receiver", "_sock", "_wants_more", "fd")

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, receiver: Receiver) -> None:
        self._loop, self._sock, self._receiver = loop, sock, receiver
        self._pending = bytearray()
        self._paused = False
        self._wants_more = _SMALL_READ_BYTES
        self.fd = sock.fileno()

    def start(self) -> None:
        """Begin to deliver what arrives."""
        self._loop.add_reader(self.fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send now what the kernel takes, keep the rest."""
        if self.fd < 0:
            return
        if not self._pending:
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as problem:
                self._lose(problem)
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self.fd, self._writable)
        self._pending += data

    def unsent_bytes(self) -> int:
        return len(self._pending)

    def pause_reading(self) -> None:
        if self.fd >= 0 and not self._paused:
            self._paused = True
            self._loop.remove_reader(self.fd)

    def resume_reading(self) -> None:
        if self.fd >= 0 and self._paused:
            self._paused = False
            self._loop.add_reader(self.fd, self._readable)

    def is_closing(self) -> bool:
        return self.fd < 0

    def close(self) -> None:
        """Leave at once; what the kernel holds is still delivered."""
        if self.fd < 0:
            return
        self._loop.remove_reader(self.fd)
        if self._pending:
            self._loop.remove_writer(self.fd)
            self._pending.clear()
        self.fd = -1
        self._sock.close()
        self._receiver = _NOBODY

    def abort(self) -> None:
        """Leave at once with a reset: nothing lingers in this machine's tables."""
        if self.fd >= 0:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Answer what asyncssh asks of a transport."""
        if self.fd < 0:
            return default
        if name == "peername":
            return self._sock.getpeername()
        if name == "sockname":
            return self._sock.getsockname()
        return self._sock if name == "socket" else default

    def _readable(self) -> None:
        try:
            data = self._sock.recv(self._wants_more)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as problem:
            self._lose(problem)
            return
        if data:
            if len(data) == self._wants_more:
                self._wants_more = _LARGE_READ_BYTES
            self._receiver.data_received(data)
        else:
            self._loop.remove_reader(self.fd)
            self._receiver.eof_received()

    def _writable(self) -> None:
        try:
            sent = self._sock.send(self._pending)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as problem:
            self._lose(problem)
            return
        del self._pending[:sent]
        if not self._pending:
            self._loop.remove_writer(self.fd)
        if len(self._pending) <= HIGH_WATER_BYTES // 4:
            self._receiver.resume_writing()

    def _lose(self, problem: Exception) -> None:
        receiver = self._receiver
        self.close()
        receiver.connection_lost(problem)


class _Nobody:
    """Who receives when nobody does any more; keeps a closed wire and its connection from holding each other."""

    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def resume_writing(self) -> None: ...


_NOBODY = _Nobody()

#: A node that lost power answers nothing: the kernel notices after about 30 s, without a timer of ours per connection.
_KEEPALIVE = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)


async def open_socket(loop: asyncio.AbstractEventLoop, family: int, address: tuple[Any, ...]) -> socket.socket:
    """Connect a non-blocking socket to a literal address; OSError as connect(2) gives it."""
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        problem = await _connect(loop, sock, address)
    except BaseException:
        sock.close()
        raise
    if problem:
        sock.close()
        raise OSError(problem, os.strerror(problem))
    return sock


async def _connect(loop: asyncio.AbstractEventLoop, sock: socket.socket, address: tuple[Any, ...]) -> int:
    for level, option, value in _KEEPALIVE:
        sock.setsockopt(level, option, value)
    problem = sock.connect_ex(address)
    if problem in _UNDER_WAY:
        await _wait_connected(loop, sock)
        problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return problem


async def _wait_connected(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    connected = loop.create_future()
    loop.add_writer(sock.fileno(), settle, connected)
    try:
        await connected
    finally:
        loop.remove_writer(sock.fileno())


def settle(future: asyncio.Future[None]) -> None:
    """Wake who waits for a future; again is nothing."""
    if not future.done():
        future.set_result(None)
