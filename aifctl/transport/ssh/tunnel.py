"""A connection through a jump host: a direct-tcpip channel of the jump's connection that serves as a node's wire."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncssh import misc
from asyncssh.packet import String

from aifctl.transport.ssh.channel import Channel


class Tunnel(Channel):
    """As much of a transport as an SSH connection uses, over a channel of another connection."""

    __slots__ = ("_early", "_opening", "_over", "_receiver", "_started")

    def __init__(self, via: Any, receiver: Any) -> None:
        super().__init__(via)
        self._receiver = receiver
        self._started = self._over = False
        self._early: list[bytes] = []
        self._opening: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open_to(self, address: str, port: int) -> None:
        """Ask the jump host to connect; ChannelOpenError where it can't."""
        self.open(
            b"direct-tcpip",
            String(address.encode()),
            port.to_bytes(4, "big"),
            String(b"127.0.0.1"),
            (0).to_bytes(4, "big"),
        )
        try:
            await self._opening
        except BaseException:
            self.forget()
            raise

    def start(self) -> None:
        """Begin to deliver; the node's first words may have come together with the jump host's consent."""
        self._started = True
        early, self._early = self._early, []
        for data in early:
            self._receiver.data_received(data)
        if self._over:
            self._receiver.eof_received()

    def unsent_bytes(self) -> int:
        return self._unsent_bytes + int(self._conn.unsent_bytes())

    def is_closing(self) -> bool:
        return self.gone

    def abort(self) -> None:
        self.forget()

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    # --- what the channel calls -----------------------------------------------------------------------------------

    def opened(self) -> None:
        if not self._opening.done():
            self._opening.set_result(None)

    def received(self, data: bytes, *, stderr: bool) -> None:
        if stderr:
            return
        if self._started:
            self._receiver.data_received(data)
        else:
            self._early.append(data)

    def eof(self) -> None:
        self._over = True
        if self._started:
            self._receiver.eof_received()

    def ended(self, problem: Exception | None) -> None:
        if not self._opening.done():
            self._opening.set_exception(problem or misc.ConnectionLost("Connection closed"))
        elif self._started:
            self._receiver.connection_lost(problem)
        else:
            self._over = True
