"""One session of a connection: an exec, a shell or SFTP."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from aifctl.sim.node.machine import Machine
from aifctl.sim.node.processes import Process
from aifctl.sim.shell.context import Budget, Io, Program, Shell
from aifctl.sim.shell.ending import is_ending
from aifctl.sim.shell.execute import run_text
from aifctl.sim.wire.connection import Connection
from aifctl.sim.wire.sftp import DiskSftp
from aifctl.sim.wire.terminal import converse

_MOST_UNREAD_BYTES = 256 << 10
#: What a client is told where emulating a command failed by a mistake of ours; the traceback is in the log.
_BROKEN = 255
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Session(asyncssh.SSHServerSession[bytes]):
    """Takes what the client asks for and runs it on the machine."""

    def __init__(
        self, machine: Machine, connection: Connection, programs: dict[str, Program], session_pid: int
    ) -> None:
        self._machine, self._connection, self._programs = machine, connection, programs
        self._session_pid = session_pid
        self._chan: Any = None
        self._sftp: SSHServerStreamSession[bytes] | None = None
        self._process: Process | None = None
        self._line: str | None = None
        self.terminal = False
        self._unread, self._unread_bytes, self._ended = list[bytes](), 0, False
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._writable.set()
        self._lost = False

    # --- what asyncssh calls ------------------------------------------------------------------------------------

    def connection_made(self, chan: Any) -> None:
        self._chan = chan

    def pty_requested(self, *_args: Any) -> bool:
        self.terminal = True
        return True

    def exec_requested(self, command: str) -> bool:
        self._line = command
        return True

    def shell_requested(self) -> bool:
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        if subsystem != "sftp" or any(fault.kind.refuses_sftp for fault in self._machine.faults):
            return False
        self._sftp = SSHServerStreamSession(None, lambda chan: DiskSftp(chan, self._machine), 3)
        return True

    def session_started(self) -> None:
        if self._sftp:
            self._sftp.connection_made(self._chan)
            self._sftp.session_started()
            return
        machine = self._machine
        machine.commands_count += 1
        self._process = machine.processes.start(
            session_pid=self._session_pid, line=self._line or "-bash", user=self._user, started_s=machine.uptime_s
        )
        self._process.task = asyncio.get_running_loop().create_task(self._main(self._process))

    def data_received(self, data: bytes, datatype: Any) -> None:
        if self._sftp:
            self._sftp.data_received(data, datatype)
            return
        self._unread.append(data)
        self._unread_bytes += len(data)
        self._readable.set()
        if self._unread_bytes > _MOST_UNREAD_BYTES:
            self._chan.pause_reading()

    def eof_received(self) -> bool:
        if self._sftp:
            return self._sftp.eof_received()
        self._ended = True
        self._readable.set()
        return True

    def signal_received(self, signal: str) -> None:
        if self._process:
            self._process.signal(signal)

    def pause_writing(self) -> None:
        if self._sftp:
            self._sftp.pause_writing()
        self._writable.clear()

    def resume_writing(self) -> None:
        if self._sftp:
            self._sftp.resume_writing()
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone. What runs goes on until it writes, as it does on a real node without a terminal."""
        if self._sftp:
            self._sftp.connection_lost(exc)
        self._lost = self._ended = True
        self._readable.set()
        self._writable.set()
        if self.terminal and self._process:
            self._process.signal("HUP")

    # --- Source: the session's stdin ----------------------------------------------------------------------------

    async def read(self, limit: int) -> bytes:
        while not self._unread and not self._ended:
            self._readable.clear()
            await self._readable.wait()
        if not self._unread:
            return b""
        first = self._unread[0]
        data, rest = first[:limit], first[limit:]
        if rest:
            self._unread[0] = rest
        else:
            del self._unread[0]
        before, self._unread_bytes = self._unread_bytes, self._unread_bytes - len(data)
        if before > _MOST_UNREAD_BYTES >= self._unread_bytes and not self._lost:
            self._chan.resume_reading()
        return data

    # --- Running: what faults may do ----------------------------------------------------------------------------

    async def proceed(self) -> int:
        """Run what was asked for."""
        shell, io = self._shell(), self._io()
        if self._line is None:
            return await converse(shell, io, self, terminal=self.terminal)
        return await run_text(shell, io, self._line)

    async def print_out(self, data: bytes) -> None:
        await self.write(data)

    async def sleep(self, seconds_s: float) -> None:
        await self._machine.surroundings.clock.sleep(seconds_s)

    async def hang(self, *, deaf: bool = False) -> int:
        if self._process:
            self._process.deaf = deaf
        await asyncio.Event().wait()
        return 0

    def cut(self) -> None:
        self._connection.cut()

    # --- the process --------------------------------------------------------------------------------------------

    async def write(self, data: bytes, datatype: int | None = None) -> None:
        """Send output, waiting while the client is slow to take it."""
        if not self._writable.is_set():
            await self._writable.wait()
        if self._lost:
            raise BrokenPipeError
        self._chan.write(data, datatype)

    @property
    def _user(self) -> str:
        return str(self._connection.get_extra_info("username"))

    async def _main(self, process: Process) -> int:
        status = _BROKEN
        try:
            status = await self._run()
        except asyncio.CancelledError:
            if process.ended_by is None:  # the fleet is stopping
                raise
        except BrokenPipeError:
            process.ended_by = "PIPE"
        except RecursionError:
            await self.write(b"bash: nested too deeply for a simulated node\n", asyncssh.EXTENDED_DATA_STDERR)
            status = 2
        finally:
            self._machine.processes.gone(process)
            if not self._lost:
                self._say_end(process.ended_by, status)
        return status

    def _say_end(self, signal: str | None, status: int) -> None:
        if signal:
            self._chan.exit_with_signal(signal)
        else:
            self._chan.exit(status)

    async def _run(self) -> int:
        assert self._process is not None  # noqa: S101  session_started made it
        around = [fault for fault in self._machine.faults if fault.kind.around]
        if not around or is_ending(self._process):
            return await self.proceed()
        chosen = around[0].kind.around
        return await chosen(self, around[0].value) if chosen else 0

    def _io(self) -> Io:
        return Io({0: self, 1: self, 2: _Stderr(self)})

    def _shell(self) -> Shell:
        user = self._user
        home = "/root" if user == "root" else "/home/ops"
        variables = {
            "HOME": home,
            "USER": user,
            "LOGNAME": user,
            "PATH": _PATH,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
        }
        assert self._process is not None  # noqa: S101  session_started made it
        return Shell(
            machine=self._machine, process=self._process, programs=self._programs, budget=Budget(), user=user, cwd=home,
            variables={**variables, "HOSTNAME": self._machine.name}, exported=set(variables),
        )  # fmt: skip


class _Stderr:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def write(self, data: bytes) -> None:
        await self._session.write(data, asyncssh.EXTENDED_DATA_STDERR)
