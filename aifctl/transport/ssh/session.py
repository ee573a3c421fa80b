"""One remote command as a channel: output through, stdin in, the prompt answered, and how it ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from asyncssh import misc
from asyncssh.packet import SSHPacket, String

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Bytes, Command, Ended
from aifctl.transport.ssh.channel import Channel
from aifctl.transport.ssh.errors import link_error, outcome_of, said
from aifctl.transport.ssh.prompt import PromptFinder
from aifctl.transport.ssh.wire import settle

#: How long stdin is held back for a password prompt. What asks takes the first line of stdin as the password, so the
#: command's own input must not come first; where sudo needs no password, no prompt comes, and this is the delay.
PROMPT_WAIT_S = 5.0
_SIGNAL_NAME = re.compile(r"[A-Z0-9]{1,16}(@[\w.-]{1,32})?")


class Session(Channel):
    """Runs a command; `finished` settles once, with None or the reason why there is no result."""

    __slots__ = (
        "_answered",
        "_command",
        "_finder",
        "_gone",
        "_loop",
        "_prompt_timer",
        "_rc",
        "_ready",
        "_saw_eof",
        "_signal",
        "_stderr",
        "_stdin_begun",
        "_stdin_waiter",
        "_stdout",
        "_where",
        "feeding",
        "finished",
        "halted",
        "sent",
    )

    def __init__(
        self, conn: Any, command: Command, *, stdout: Bytes, stderr: Bytes, where: str, ready: bytes = b""
    ) -> None:
        """With `ready`, stdin is held back until that word has come on stderr, whatever was asked before it."""
        super().__init__(conn)
        self._command, self._stdout, self._stderr, self._where = command, stdout, stderr, where
        self._loop = asyncio.get_running_loop()
        self._finder = PromptFinder(command.prompt) if command.prompt and command.password else None
        self._ready = PromptFinder(ready) if ready else None
        self._answered = False
        self._gone: asyncio.Future[None] | None = None
        self._prompt_timer: asyncio.TimerHandle | None = None
        self._rc: int | None = None
        self._signal: str | None = None
        self._saw_eof = False
        self.feeding = False
        self.sent = False
        self.halted: Outcome | None = None
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self._stdin_begun = False
        self._stdin_waiter: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Ask for a session; the command follows when it is granted."""
        self._conn.cork()
        self.open(b"session")
        self._conn.uncork()

    async def feed(self, chunks: AsyncIterator[bytes]) -> None:
        """Stream `chunks` to stdin behind the command's own, at the node's pace, then end it."""
        if not self._stdin_begun:
            self._stdin_waiter = self._loop.create_future()
            await self._stdin_waiter
        async for chunk in chunks:
            self.write(chunk)
            if not await self.drained() or self.finished.done():
                return
        self.write_eof()

    def halt(self, why: Outcome) -> None:
        """Let `finished` settle although the command goes on; the caller ends it."""
        if not self.finished.done():
            self.halted = why
            self._settle(None)

    def fail(self, problem: BaseException) -> None:
        """Let `finished` raise what went wrong on our side, e.g. while reading stdin."""
        self._settle(problem)

    async def wait_gone(self, timeout_s: float) -> bool:
        """Wait until the channel is closed by the other side; False where it is still open after `timeout_s`."""
        if self.gone or self._conn.closed:
            return True
        self._gone = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, settle, self._gone)
        try:
            await self._gone
        finally:
            timer.cancel()
        return self.gone

    def send_signal(self, name: str) -> None:
        """Ask the server to signal the command's process group (RFC 4254, 6.9); OpenSSH does so since 8.1."""
        self.request(b"signal", String(name.encode()), answer=False)

    def result(self, survivors: tuple[int, ...] | None = ()) -> Ended:
        return Ended(rc=self._rc, signal=self._signal, halted=self.halted, survivors=survivors)

    # --- what the channel calls -----------------------------------------------------------------------------------

    def opened(self) -> None:
        self.sent = True
        self.request(b"exec", String(self._command.line.encode("utf-8", "surrogateescape")), answer=True)
        if self._ready is None and self._finder is None:
            self._begin_stdin()
        elif self._ready is None:
            self._prompt_timer = self._loop.call_later(PROMPT_WAIT_S, self._begin_stdin)

    def received(self, data: bytes, *, stderr: bool) -> None:
        try:
            take = self._take_stderr if stderr else self._take_stdout
            take(data)
        except Exception as problem:  # noqa: BLE001 - whoever takes the output has failed (a full disk), not the node
            self._settle(problem)
            self.close()

    def eof(self) -> None:
        self._saw_eof = True
        self._flush_finder()

    def requested(self, name: bytes, packet: SSHPacket) -> None:
        if name == b"exit-status":
            # The protocol allows 32 bits; POSIX leaves 8 of them.
            self._rc = packet.get_uint32()
        elif name == b"exit-signal":
            signal = packet.get_string()[:64].decode("ascii", "replace").removeprefix("SIG")
            self._signal = signal if _SIGNAL_NAME.fullmatch(signal) else "UNKNOWN"

    def answered(self, *, good: bool) -> None:
        if not good:
            self._settle(NodeError(Outcome.PROTOCOL, f"{self._where} refuses to execute commands"))

    def ended(self, problem: Exception | None) -> None:
        if not self._saw_eof:
            self._flush_finder()
        if self._gone:
            settle(self._gone)
        complete = problem is None or (self._saw_eof and (self._rc is not None or self._signal is not None))
        if complete:
            self._settle(None)
        elif isinstance(problem, misc.ChannelOpenError):
            message = f"{self._where} refuses a session: {said(problem.reason)}"
            self._settle(NodeError(Outcome.PROTOCOL, message))
        elif problem is not None and outcome_of(problem) is None:
            self._settle(problem)  # a bug of ours while taking the node's packets; to be seen as one
        else:
            self._settle(link_error(problem, where=self._where))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _take_stdout(self, data: bytes) -> None:
        if self._prompt_timer and not self._stdin_begun:
            self._begin_stdin()  # it works already, so there is no password to ask for
        self._stdout(data)

    def _take_stderr(self, data: bytes) -> None:
        if self._ready:
            data, seen = self._ready.take(data)
            if seen:
                self._begin_stdin()
        if self._finder:
            data, prompts = self._finder.take(data)
            for _ in range(prompts):
                self._answer_prompt()
        if data:
            self._stderr(data)

    def _answer_prompt(self) -> None:
        if self._answered or self._command.password is None:
            self._settle(NodeError(Outcome.AUTH, f"{self._where} refused the sudo password"))
            self.close()
            return
        self._answered = True
        self.write(self._command.password.reveal() + b"\n")
        if self._ready is None:
            self._begin_stdin()

    def _begin_stdin(self) -> None:
        if self._prompt_timer:
            self._prompt_timer.cancel()
        if self._stdin_begun:
            return
        self._stdin_begun = True
        self.write(self._command.stdin)
        if not self.feeding:
            self.write_eof()
        self._wake_feed()

    def _wake_feed(self) -> None:
        if self._stdin_waiter:
            settle(self._stdin_waiter)

    def _flush_finder(self) -> None:
        rest = self._finder.rest() if self._finder else b""
        if rest:
            self._stderr(rest)

    def _settle(self, problem: BaseException | None) -> None:
        if self._prompt_timer:
            self._prompt_timer.cancel()
        self._wake_feed()
        if self.finished.done():
            return
        if problem is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(problem)
