"""Where a node listens: an address of its own, and what a dialler finds there."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Coroutine
from functools import cached_property
from random import Random
from typing import Any

import asyncssh

from aifctl.ports.clock import Clock
from aifctl.sim.fault import Admission, Listening
from aifctl.sim.node.machine import Machine
from aifctl.sim.shell.context import Program
from aifctl.sim.wire.connection import Connection, HostKey, Welcome
from aifctl.sim.wire.session import Session

_BACKLOG = 128
#: With a backlog of 0 Linux queues one connection; the second filler is for kernels that queue one more.
_FILLERS = 2
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_PAUSE_S = 0.2


class Bystander(asyncssh.SSHServer):
    """What asyncssh asks about a connection that has come in."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._conn: Connection | None = None
        self._pid = 0

    def connection_made(self, conn: Any) -> None:
        self._conn = conn
        self._gate.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._gate.waiting_count -= not self._pid
        if self._conn:
            self._gate.connections.discard(self._conn)

    def auth_completed(self) -> None:
        self._gate.waiting_count -= 1
        self._pid = self._gate.machine.processes.new_pid()

    def session_requested(self) -> Any:
        assert self._conn is not None  # noqa: S101  connection_made came first
        return Session(self._gate.machine, self._conn, self._gate.programs, self._pid)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:  # noqa: ARG002  asyncssh's signature
        """Let a node be a jump host to nodes of the same fleet, and to nothing else on this machine."""
        address = self._gate.reachable(dest_host, dest_port)
        if address is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "a simulated node reaches its own fleet only")
        return True if address == dest_host else self._forward(address, dest_port)

    async def _forward(self, address: str, port: int) -> Any:
        assert self._conn is not None  # noqa: S101  connection_made came first
        return await self._conn.forward_connection(address, port)


class Gate:
    """One node's listening socket and its connections.

    Attributes:
        waiting_count: connections that have not authenticated yet.
    """

    def __init__(self, machine: Machine, *, port: int, host_key: Callable[[bool], HostKey], shared: Shared) -> None:
        self.machine, self.port = machine, port
        self.connections: set[Connection] = set()
        self.waiting_count = 0
        self._shared, self._host_key = shared, host_key
        self._sock: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._held: set[socket.socket] = set()
        self._away = False

    @cached_property
    def random(self) -> Random:
        return self.machine.random("door")

    @property
    def programs(self) -> dict[str, Program]:
        return self._shared.programs

    def reachable(self, host: str, port: int) -> str | None:
        """Return the address of a node of this fleet, by name or address; None for anything else."""
        return self._shared.reachable(host) if port == self.port else None

    def open(self) -> None:
        """Listen as the node's faults say; OSError where the address is taken."""
        self.close_listener()
        listening = self._listening()
        if listening is Listening.CLOSED:
            return
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.machine.place.address, self.port))
            sock.listen(0 if listening is Listening.FULL else _BACKLOG)
        except OSError:
            sock.close()
            raise
        self._sock = sock
        if listening is Listening.FULL:
            self._fill()
        else:
            self._shared.loop.add_reader(sock.fileno(), self._accept)

    def close_listener(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers = []
        if self._sock is not None:
            self._shared.loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def drop_all(self) -> None:
        """Reset every connection, as a machine that loses power does."""
        for held in list(self._held):
            held.close()
        self._held.clear()
        for connection in list(self.connections):
            connection.cut()

    def leave(self) -> None:
        """Go away: everything dies, nobody answers until `come_back`."""
        self._away = True
        for process in self.machine.processes:
            process.deaf, process.ignored = False, set()
            process.signal("KILL")
        self.drop_all()
        self.open()

    def come_back(self) -> None:
        self._away = False
        self.machine.booted()
        self.open()

    async def sleep(self, seconds_s: float) -> None:
        await self._shared.clock.sleep(seconds_s)

    def _listening(self) -> Listening:
        if self._away:
            return Listening.FULL
        kinds = [fault.kind.listening for fault in self.machine.faults]
        return next((kind for kind in kinds if kind is not Listening.OPEN), Listening.OPEN)

    def _fill(self) -> None:
        """Fill the backlog, so that the kernel drops every further SYN: this is what a dead node looks like."""
        for _ in range(_FILLERS):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self._fillers.append(filler)
            with contextlib.suppress(BlockingIOError):
                filler.connect((self.machine.place.address, self.port))

    def _accept(self) -> None:
        if self._sock is None:
            return
        try:
            sock, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as problem:
            if problem.errno not in _OUT_OF_FILES:
                raise
            # Out of descriptors: what waits stays in the backlog until some have come free.
            descriptor = self._sock.fileno()
            self._shared.loop.remove_reader(descriptor)
            self._shared.loop.call_later(_PAUSE_S, self._listen_again, descriptor)
            return
        sock.setblocking(False)
        self.waiting_count += 1
        self._shared.start(self._admit(sock))

    def _listen_again(self, descriptor: int) -> None:
        if self._sock is not None and self._sock.fileno() == descriptor:
            self._shared.loop.add_reader(descriptor, self._accept)

    async def _admit(self, sock: socket.socket) -> None:
        """Let one connection in as the node's faults say."""
        self._held.add(sock)
        admission = Admission.SERVE
        for fault in self.machine.faults:
            if fault.kind.admit and admission is Admission.SERVE:
                admission = await fault.kind.admit(self, fault.value)
        if admission is Admission.HOLD:
            await self._watch(sock)
        self._held.discard(sock)
        if admission is not Admission.SERVE or sock.fileno() < 0:
            self.waiting_count -= 1
            sock.close()
            return
        kinds = [fault.kind for fault in self.machine.faults]
        await self._shared.loop.connect_accepted_socket(
            lambda: Connection(
                self._shared.loop, self._shared.welcome, Bystander(self),
                self._host_key(any(kind.foreign_host_key for kind in kinds)),
                refuses_keys=any(kind.refuses_keys for kind in kinds),
            ),
            sock,
        )  # fmt: skip

    async def _watch(self, sock: socket.socket) -> None:
        """Say nothing until the other side has had enough."""
        with contextlib.suppress(OSError):
            while await self._shared.loop.sock_recv(sock, 4096):
                pass


class Shared:
    """What the gates of one process share."""

    def __init__(
        self, *, welcome: Welcome, programs: dict[str, Program], clock: Clock, reachable: Callable[[str], str | None]
    ) -> None:
        self.welcome, self.programs, self.clock, self.reachable = welcome, programs, clock, reachable
        self.loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
