"""A fleet that exists in memory: each node does what its script says, in the loop's time, real or made up."""

from __future__ import annotations

import asyncio
import base64
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Bytes, Command, Ended, Link, RemoteFiles
from tests.fakes.files import FakeFiles

_WELL = Ended(rc=0)


@dataclass(frozen=True, kw_only=True)
class Script:
    """What one node does.

    Attributes:
        dial_s: how long dialling takes.
        dial_errors: outcomes of the first dials, in order; after them dialling succeeds, unless `dial_error`.
        dial_error: outcome of every dial.
        dial_bug, run_bug: an exception that no transport should raise.
        run_s: how long a command takes; None hangs until it is halted.
        stdout, stderr: pieces, as they arrive.
        ended: how a command ends.
        dies: the link dies when the command should have ended.
        deaf: does not end when halted.
        survivors: what outlives a halt.
        silent: does not answer any more when asked whether it is there.
        echo: stdout is what came on stdin.
        prints_pid: stdout is the number of the process that the transport lives in.
        files: its file system, by path; see FakeFiles.
        dial_signal, run_signal: sent to our own process while it dials or runs.
        halt_log: a file that gets the node's name when it is halted.
    """

    dial_s: float = 0.0
    dial_errors: tuple[Outcome, ...] = ()
    dial_error: Outcome | None = None
    dial_bug: bool = False
    run_bug: bool = False
    run_s: float | None = 0.0
    stdout: tuple[bytes, ...] = ()
    stderr: tuple[bytes, ...] = ()
    ended: Ended = _WELL
    dies: bool = False
    deaf: bool = False
    silent: bool = False
    survivors: tuple[int, ...] | None = ()
    echo: bool = False
    prints_pid: bool = False
    files: FakeFiles | None = None
    dial_signal: int | None = None
    run_signal: int | None = None
    halt_log: str | None = None


@dataclass(frozen=True, kw_only=True)
class FakeFleet:
    """A picklable factory of transports, as shards need one."""

    scripts: Mapping[str, Script] = field(default_factory=dict)
    ordinary: Script = Script()

    def __call__(self) -> FakeTransport:
        return FakeTransport(self.scripts, self.ordinary)


class FakeTransport:
    """Implements ports.transport.Transport, and remembers what was asked of it."""

    def __init__(self, scripts: Mapping[str, Script] | None = None, ordinary: Script | None = None) -> None:
        self.dials: Counter[str] = Counter()
        self.sent: list[tuple[str, str]] = []
        self.dialling = self.connected = self.most_dialling = self.most_connected = self.most_at_once = 0
        self.working = self.most_working = 0
        self.closed = False
        self.aborted: list[str] = []
        self._scripts, self._ordinary = scripts or {}, ordinary or Script()

    async def dial(self, endpoint: Endpoint) -> FakeLink:
        script = self._scripts.get(endpoint.name, self._ordinary)
        self.dials[endpoint.name] += 1
        self.dialling += 1
        self._look()
        try:
            if script.dial_s:
                await asyncio.sleep(script.dial_s)
        finally:
            self.dialling -= 1
        if script.dial_signal is not None:
            os.kill(os.getpid(), script.dial_signal)
        if script.dial_bug:
            raise ZeroDivisionError("a bug in dialling")
        attempt = self.dials[endpoint.name]
        error = script.dial_errors[attempt - 1] if attempt <= len(script.dial_errors) else script.dial_error
        if error is not None:
            raise NodeError(error, f"{endpoint.name} answered {error}")
        self.connected += 1
        self._look()
        return FakeLink(self, endpoint.name, script)

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        """Have all the keys there are."""

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        return [f"ssh-ed25519 {base64.b64encode(endpoint.name.encode()).decode()}"]

    async def close(self) -> None:
        self.closed = True

    def _look(self) -> None:
        self.most_dialling = max(self.most_dialling, self.dialling)
        self.most_connected = max(self.most_connected, self.connected)
        self.most_at_once = max(self.most_at_once, self.dialling + self.connected)


class FakeLink:
    """Implements ports.transport.Link."""

    def __init__(self, transport: FakeTransport, node: str, script: Script) -> None:
        self._transport, self._node, self._script = transport, node, script
        self._open = True
        self._end: asyncio.Future[Outcome] | None = None

    @property
    def alive(self) -> bool:
        return self._open

    async def answers(self, *, within_s: float) -> bool:
        if self._script.silent:
            await asyncio.sleep(within_s)
        return self._open and not self._script.silent

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        transport = self._transport
        transport.sent.append((self._node, command.line))
        transport.working += 1
        transport.most_working = max(transport.most_working, transport.working)
        try:
            return await self._run(command, stdout, stderr, feed)
        finally:
            transport.working -= 1

    async def _run(self, command: Command, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None) -> Ended:
        script = self._script
        if script.files is not None and (ran := script.files.execute(command)) is not None:
            stdout(ran.stdout)
            return Ended(rc=ran.rc)
        if script.run_signal is not None:
            os.kill(os.getpid(), script.run_signal)
        if script.run_bug:
            raise ZeroDivisionError("a bug in running")
        await self._talk(command, stdout, stderr, feed)
        halted = await self._wait(script.run_s, command)
        if halted is not None:
            return Ended(halted=halted, survivors=script.survivors)
        if script.dies:
            raise NodeError(Outcome.LOST, f"the link to {self._node} died")
        return script.ended

    async def _talk(self, command: Command, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None) -> None:
        for piece in self._script.stdout:
            stdout(piece)
        for piece in self._script.stderr:
            stderr(piece)
        if self._script.prints_pid:
            stdout(b"%d" % os.getpid())
        if self._script.echo:
            stdout(command.stdin)
            if feed is not None:
                async for chunk in feed:
                    stdout(chunk)

    async def _wait(self, run_s: float | None, command: Command) -> Outcome | None:
        if run_s == 0:
            return None
        self._end = asyncio.get_running_loop().create_future()
        limit_s = command.timeout_s if run_s is None else min(run_s, command.timeout_s or run_s)
        try:
            async with asyncio.timeout(limit_s):
                return await self._end
        except TimeoutError:
            return None if run_s is not None and limit_s == run_s else Outcome.TIMEOUT
        finally:
            self._end = None

    def halt(self, why: Outcome) -> None:
        if self._script.halt_log is not None:
            with Path(self._script.halt_log).open("a", encoding="utf-8") as log:
                log.write(f"{self._node}\n")
        if self._end is not None and not self._end.done() and not self._script.deaf:
            self._end.set_result(why)

    async def open_files(self) -> RemoteFiles:
        if self._script.files is None:
            raise NodeError(Outcome.PROTOCOL, f"{self._node} offers no SFTP")
        return self._script.files

    def abort(self) -> None:
        self._transport.aborted.append(self._node)
        if self._end is not None and not self._end.done():
            self._end.set_exception(NodeError(Outcome.LOST, f"the link to {self._node} was dropped"))
        self._leave()

    async def close(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._open:
            self._open = False
            self._transport.connected -= 1


def as_link(link: FakeLink) -> Link:
    """Return the fake as its port; mypy checks here that it fits."""
    return link


def endpoints(count: int, *, prefix: str = "n") -> tuple[Endpoint, ...]:
    """Return n1 … nCOUNT."""
    return tuple(Endpoint(name=f"{prefix}{number}", address="192.0.2.1") for number in range(1, count + 1))
