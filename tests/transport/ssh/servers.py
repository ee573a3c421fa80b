"""Servers that misbehave on purpose: each answers a connection with what a test gives it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def misbehaving(answer: Answer, *, address: str = "127.0.0.21") -> AsyncIterator[int]:
    """Serve `answer` on a free port of `address`; gives the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await answer(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, address, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()


def says(*lines: bytes) -> Answer:
    """Say these lines and hang up."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(lines)
        await writer.drain()

    return answer


def says_and_waits(*lines: bytes) -> Answer:
    """Say these lines and then nothing, until the client leaves."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(lines)
        await writer.drain()
        while await reader.read(65536):
            pass

    return answer


def resets(*lines: bytes) -> Answer:
    """Say these lines and reset the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(lines)
        await writer.drain()
        await reader.read(1)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    return answer


@contextlib.contextmanager
def blackhole(address: str = "127.0.0.22") -> Iterator[int]:
    """Listen with a full backlog, so that further connections get no answer at all; gives the port."""
    with socket.socket() as listener, contextlib.ExitStack() as clients:
        listener.bind((address, 0))
        listener.listen(0)
        for _ in range(4):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
