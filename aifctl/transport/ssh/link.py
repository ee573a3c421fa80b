"""A Link over SSH: commands, files, and a real end for what was started."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Bytes, Command, Ended, RemoteFiles
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.ending import ending_script, sudo_line, survivors_in
from aifctl.transport.ssh.session import Session

#: How long ending a command may take beyond its grace, and how long the channel's own end is waited for after it.
_ENDING_S = 5.0
_CLOSING_S = 1.0
_MOST_ANSWER_BYTES = 65536


class SshLink:
    """One authenticated connection; `where` is how messages name its node."""

    __slots__ = ("_conn", "_session", "_where")

    def __init__(self, conn: LeanConnection, *, where: str) -> None:
        self._conn, self._where = conn, where
        self._session: Session | None = None

    @property
    def alive(self) -> bool:
        return not self._conn.closed

    async def answers(self, *, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await self._conn.keepalive()
        except TimeoutError:
            return False
        return self.alive

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        self._refuse_dead()
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        session = self._session = Session(self._conn, command, stdout=stdout, stderr=stderr, where=self._where)
        timer = loop.call_later(command.timeout_s, session.halt, Outcome.TIMEOUT) if command.timeout_s else None
        pump = self._pump(session, feed) if feed is not None else None
        session.start()
        try:
            await session.finished
            if session.halted is None:
                return session.result()
            return session.result(await self._end(session, command, age_s=loop.time() - started_s))
        finally:
            if timer:
                timer.cancel()
            if pump:
                pump.cancel()
            session.forget()
            self._session = None

    def halt(self, why: Outcome) -> None:
        if self._session:
            self._session.halt(why)

    async def open_files(self) -> RemoteFiles:
        self._refuse_dead()
        from aifctl.transport.ssh.files import open_files  # noqa: PLC0415 - asyncssh's SFTP is loaded for copies alone

        return await open_files(self._conn, where=self._where)

    def abort(self) -> None:
        self._conn.abort()

    async def close(self) -> None:
        self._conn.leave()

    def _refuse_dead(self) -> None:
        if self._conn.closed:
            raise NodeError(Outcome.LOST, f"the connection to {self._where} is gone; nothing was sent")

    def _pump(self, session: Session, feed: AsyncIterator[bytes]) -> asyncio.Task[None]:
        session.feeding = True
        task = asyncio.create_task(session.feed(feed))
        task.add_done_callback(lambda done: _report_pump(session, done))
        return task

    async def _end(self, session: Session, command: Command, *, age_s: float) -> tuple[int, ...] | None:
        if not session.sent:
            return ()
        survivors = await self._end_as(command, command.end_as, age_s=age_s, grace_s=command.grace_s)
        if command.end_as and survivors != ():
            # What that user may not signal (the login user's side of a pipe), the login user may; and where sudo does
            # not let us, the login user at least sees what is left.
            survivors = await self._end_as(command, None, age_s=age_s, grace_s=0.0)
        if survivors is None:
            # No shell, no /proc, no second session: what the server itself can do.
            session.send_signal("TERM")
            await session.wait_gone(command.grace_s)
            session.send_signal("KILL")
        gone = await session.wait_gone(_CLOSING_S)
        # A channel that stays open is held by something that was not found.
        return survivors if gone or survivors else None

    async def _end_as(
        self, command: Command, user: str | None, *, age_s: float, grace_s: float
    ) -> tuple[int, ...] | None:
        nonce = f"aifctl-{secrets.token_hex(8)}"
        script = ending_script(nonce=nonce, age_s=age_s, grace_s=grace_s)
        answer = bytearray()
        line, prompt, ready = "exec sh", b"", b""
        if user:
            line = sudo_line(user=user, nonce=nonce, asks=command.password is not None)
            prompt, ready = f"{nonce}-password".encode(), f"{nonce}-ready".encode()
        ender = Command(line=line, stdin=script, prompt=prompt, password=command.password, timeout_s=None)
        with contextlib.suppress(NodeError, TimeoutError):
            async with asyncio.timeout(grace_s + _ENDING_S):
                await self._run_ender(ender, answer, ready)
        return survivors_in(bytes(answer), nonce)

    async def _run_ender(self, ender: Command, answer: bytearray, ready: bytes) -> None:
        def keep(data: bytes) -> None:
            if len(answer) < _MOST_ANSWER_BYTES:
                answer.extend(data)

        self._refuse_dead()
        session = Session(self._conn, ender, stdout=keep, stderr=lambda _: None, where=self._where, ready=ready)
        session.start()
        try:
            await session.finished
        finally:
            session.forget()


def _report_pump(session: Session, task: asyncio.Task[None]) -> None:
    problem = None if task.cancelled() else task.exception()
    if problem is not None:
        session.fail(problem)
