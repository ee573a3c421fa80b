"""SSH channels of our own: a few hundred bytes each, no task, no logger, no codec; flow control both ways."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncssh import misc
from asyncssh.packet import SSHPacket, String

_OPEN, _WINDOW_ADJUST, _DATA, _EXTENDED_DATA = 90, 93, 94, 95
_EOF, _CLOSE, _REQUEST, _SUCCESS, _FAILURE = 96, 97, 98, 99, 100
_STDERR = 1

#: What a node may send before we have taken it: enough for a fast link, and all that a stuck consumer can pile up.
WINDOW_BYTES = 1 << 20
_PACKET_BYTES = 32768
#: Unsent stdin beyond which a writer waits.
_HIGH_WATER_BYTES = 65536


class Channel:
    """One channel, opened at once. Subclasses take what comes; `ended` is called once, when nothing more will come."""

    __slots__ = (
        "_close_sent",
        "_conn",
        "_eof_due",
        "_eof_sent",
        "_number",
        "_peer",
        "_peer_packet",
        "_peer_window",
        "_unsent",
        "_unsent_bytes",
        "_used",
        "_waiter",
        "gone",
    )

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self._peer: bytes | None = None
        self._peer_window = self._peer_packet = self._used = self._unsent_bytes = 0
        self._unsent: list[bytes] = []
        self._eof_due = self._eof_sent = self._close_sent = self.gone = False
        self._waiter: asyncio.Future[None] | None = None
        self._number: int = conn.add_channel(self)

    # --- for subclasses -------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Handle the server's consent to the channel."""

    def received(self, data: bytes, *, stderr: bool) -> None:
        """Take data; it counts as consumed on return."""

    def eof(self) -> None:
        """Handle the end of the server's data."""

    def requested(self, name: bytes, packet: SSHPacket) -> None:
        """Handle a request of the server's (exit-status, exit-signal)."""

    def answered(self, *, good: bool) -> None:
        """Handle the answer to our request."""

    def ended(self, problem: Exception | None) -> None:
        """Handle the end: None for an orderly close, otherwise what the connection was lost for."""

    # --- for users ------------------------------------------------------------------------------------------------

    def open(self, kind: bytes, *arguments: bytes) -> None:
        self._conn.send_packet(
            _OPEN, String(kind), _number(self._number), _number(WINDOW_BYTES), _number(_PACKET_BYTES), *arguments
        )

    def request(self, name: bytes, *arguments: bytes, answer: bool) -> None:
        if self._peer is not None and not self._close_sent:
            self._conn.send_packet(_REQUEST, self._peer, String(name), b"\x01" if answer else b"\0", *arguments)

    def write(self, data: bytes) -> None:
        """Send, as far as the server's window allows; the rest follows by itself. Nothing after an EOF."""
        if data and not self._eof_due and not self.gone:
            self._unsent.append(data)
            self._unsent_bytes += len(data)
            self._flush()

    def write_eof(self) -> None:
        self._eof_due = True
        self._flush()

    async def drained(self) -> bool:
        """Wait until little is unsent; False where the channel takes nothing any more."""
        while not self.gone and self._unsent_bytes + self._conn.unsent_bytes() > _HIGH_WATER_BYTES:
            self._waiter = asyncio.get_running_loop().create_future()
            self._conn.on_writable = self._wake
            await self._waiter
        return not self.gone

    def close(self) -> None:
        """Close our side; `ended` follows when the server has closed its own."""
        if self._peer is not None and not self._close_sent:
            self._close_sent = True
            self._unsent.clear()
            self._unsent_bytes = 0
            self._conn.send_lazily(_CLOSE, self._peer)
            self._wake()

    def forget(self) -> None:
        """Close and hear no more of it."""
        self.close()
        if not self.gone:
            self.gone = True
            self._wake()

    # --- what the connection calls --------------------------------------------------------------------------------

    def packet(self, kind: int, payload: bytes) -> None:
        """Take a packet behind its channel number."""
        if kind == _DATA:
            self._take_data(payload[4:], int.from_bytes(payload[:4], "big"), stderr=False)
        elif kind == _EXTENDED_DATA:
            # Every kind of extended data but stderr (1) is unknown to all servers we know of.
            is_stderr = int.from_bytes(payload[:4], "big") == _STDERR
            self._take_data(payload[8:], int.from_bytes(payload[4:8], "big"), stderr=is_stderr)
        elif kind == _WINDOW_ADJUST:
            self._peer_window += int.from_bytes(payload[:4], "big")
            self._flush()
        elif kind == _REQUEST:
            self._take_request(SSHPacket(payload))
        elif kind == _EOF:
            self.eof()
        elif kind == _CLOSE:
            self._take_close()
        elif kind in {_SUCCESS, _FAILURE}:
            self.answered(good=kind == _SUCCESS)
        else:
            raise misc.ProtocolError(f"Unknown channel message {kind}")

    def process_open_confirmation(self, send_chan: int, send_window: int, send_pktsize: int, packet: SSHPacket) -> None:  # noqa: ARG002 - asyncssh's signature
        self._peer = _number(send_chan)
        self._peer_window, self._peer_packet = send_window, min(send_pktsize, _PACKET_BYTES)
        if self.gone:
            self.close()
        else:
            self.opened()
            self._flush()

    def process_open_failure(self, code: int, reason: str, lang: str) -> None:
        self._end(misc.ChannelOpenError(code, reason, lang))

    def process_connection_close(self, exc: Exception | None) -> None:
        self._close_sent = True
        self._end(exc or misc.ConnectionLost("Connection closed"))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _take_data(self, data: bytes, length: int, *, stderr: bool) -> None:
        if length != len(data):
            raise misc.ProtocolError("Malformed channel data")
        self._used += length
        if self._used > WINDOW_BYTES:
            raise misc.ProtocolError("Window exceeded")
        if data and not self.gone:
            self.received(data, stderr=stderr)
        if self._used >= WINDOW_BYTES // 2 and not self._close_sent and self._peer is not None:
            self._conn.send_packet(_WINDOW_ADJUST, self._peer, _number(self._used))
            self._used = 0

    def _take_request(self, packet: SSHPacket) -> None:
        name, wants_answer = packet.get_string(), packet.get_boolean()
        if not self.gone:
            self.requested(name, packet)
        if wants_answer and self._peer is not None and not self._close_sent:
            # keepalive@openssh.com and the like: any answer proves that we are there.
            self._conn.send_packet(_FAILURE, self._peer)

    def _take_close(self) -> None:
        self._conn.remove_channel(self._number)
        self._end(None)
        # Behind `ended`, so that what follows it (the next channel, goodbye) leaves in the same write.
        self.close()

    def _end(self, problem: Exception | None) -> None:
        if isinstance(problem, misc.ChannelOpenError) and self._number in self._conn._channels:  # noqa: SLF001 - asyncssh removes it likewise
            self._conn.remove_channel(self._number)
        if not self.gone:
            self.gone = True
            self._wake()
            self.ended(problem)

    def _flush(self) -> None:
        if self._peer is None or self._close_sent:
            return
        while self._unsent and self._peer_window:
            size = min(self._peer_window, self._peer_packet)
            head = self._unsent[0]
            if len(head) > size:
                head, self._unsent[0] = head[:size], head[size:]
            else:
                del self._unsent[0]
            self._peer_window -= len(head)
            self._unsent_bytes -= len(head)
            self._conn.send_packet(_DATA, self._peer, String(head))
        if self._eof_due and not self._eof_sent and not self._unsent:
            self._eof_sent = True
            self._conn.send_packet(_EOF, self._peer)
        if self._unsent_bytes <= _HIGH_WATER_BYTES // 4:
            self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
