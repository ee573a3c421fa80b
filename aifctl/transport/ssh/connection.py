"""asyncssh's client connection with the per-connection overhead taken out.

With packets.py, key_exchange.py and prepared.py, which it stands on, this is the only file that changes its internals.

A fan-out opens thousands of short connections, and there asyncssh spends most of its time on what none of them needs.
Client CPU per node for one cold command, measured against a light fleet (3,000 nodes, one core): README, "Measured".
What is replaced here, and what that rests on:

- the constructor: every connection starts as a copy of the attributes of one connection made by asyncssh itself
  (prepared.py), instead of some 150 assignments, two loggers and an options object;
- the packet loop (packets.py): no logging calls, no task per packet, packets of one loop turn leave in one write, AES-GCM
  keeps its key schedule, and no MSG_IGNORE before each packet (a counter-measure for CBC ciphers, which are not offered);
- the first key exchange (key_exchange.py): KEXINIT goes out with the version line, its bytes are prepared once per set of
  host key algorithms, and servers that answer alike are negotiated with once; rekeying is left to asyncssh;
- authentication (auth.py): public keys only; a first key that is cheap to sign with is signed straight behind the service
  request, which saves the `none` probe, the query and two round trips;
- the end: a disconnect message and a closed socket, waiting for nothing, and no reference cycle left for the collector.

Strictness stays: the host key is checked on every connection by the HostTrust handed in, strict key exchange (CVE-2023-
48795) is negotiated and enforced, and unknown, early or late packets are refused as asyncssh refuses them.
tests/transport/ssh/test_asyncssh_internals.py fails loudly where a new asyncssh no longer has what these files use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from asyncssh import misc
from asyncssh.packet import SSHPacket, String

from aifctl.transport.ssh.auth import Offer, PublicKeyAuth
from aifctl.transport.ssh.key_exchange import MSG_KEXINIT, HostTrust, KeyExchange
from aifctl.transport.ssh.packets import (
    KEX_LAST,
    MSG_DEBUG,
    MSG_NEWKEYS,
    MSG_SERVICE_ACCEPT,
    MSG_SERVICE_REQUEST,
    USERAUTH_LAST,
)
from aifctl.transport.ssh.prepared import Pristine

_MSG_DISCONNECT, _MSG_IGNORE, _MSG_UNIMPLEMENTED = 1, 2, 3
_KEX_FIRST = 30
_MSG_USERAUTH_FAILURE, _MSG_USERAUTH_SUCCESS = 51, 52
_MSG_GLOBAL_REQUEST, _MSG_REQUEST_FAILURE = 80, 82
_CHANNEL_FIRST, _CHANNEL_LAST = 93, 127

_VERSION = b"SSH-2.0-aifctl"


class LeanConnection(KeyExchange):
    """One connection to one server, from `connection_made` on; `ready` settles when it is authenticated or lost."""

    def __init__(self, pristine: Pristine, trust: HostTrust, offers: Sequence[Offer], *, host: str, port: int) -> None:
        super().__init__(pristine, trust)
        self._host, self._port = host, port
        self._lean_auth = PublicKeyAuth(self, offers)
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.lost: BaseException | None = None
        self.closed = False

    # Its life

    def connection_made(self, transport: Any) -> None:
        """Say hello and offer algorithms in one write; the server need not have spoken."""
        self._transport = transport
        self.cork()
        self._client_version = _VERSION
        self._send(_VERSION + b"\r\n")
        self._send_kexinit()
        self._kexinit_sent = True
        self.uncork()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def leave(self) -> None:
        """Say goodbye and be gone, waiting for nothing."""
        if self._transport:
            self.cork()
            self.send_packet(_MSG_DISCONNECT, b"\0\0\0\x0b\0\0\0\x07aifctl.\0\0\0\0")
            self.uncork()
            self._force_close(None)

    def abort(self) -> None:
        """Be gone without a word."""
        if self._transport:
            self._transport.abort()
            self._force_close(None)

    def _force_close(self, exc: Exception | None) -> None:
        if not self._transport:
            return
        self._flush()
        self._transport.close()
        self._transport = None
        self._cleanup(exc)

    def _cleanup(self, exc: Exception | None) -> None:
        self.closed, self.lost = True, exc
        self._inpbuf = b""
        for channel in list(self._channels.values()):
            channel.process_connection_close(exc)
        while self._global_request_waiters:
            self._process_global_response(_MSG_REQUEST_FAILURE, 0, SSHPacket(b""))
        if not self.ready.done():
            self.ready.set_exception(exc or misc.ConnectionLost("Connection closed"))
        self._close_event.set()
        # Cycles that only the garbage collector could free: thousands of them cost more than the connections.
        self._recv_handler = _nothing_more
        self._lean_auth.let_go()

    async def keepalive(self) -> None:
        """Return when the other side has answered, whatever it says, or the connection is lost."""
        await self._make_global_request(b"keepalive@openssh.com")

    # What others see of it

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Answer asyncssh's own parts; SFTP swaps a symlink's arguments for servers that call themselves OpenSSH."""
        if name == "server_version":
            return self._server_version.decode("ascii", "replace")
        return self._transport.get_extra_info(name, default) if self._transport else default

    @property
    def taken_offer(self) -> Offer | None:
        """The key that the server took."""
        return self._lean_auth.current

    # Authentication, which follows the first key exchange

    def send_service_request(self, service: bytes) -> None:
        self.phase = "authentication"
        self.send_packet(MSG_SERVICE_REQUEST, String(service))
        self._lean_auth.begin()

    def _take_auth(self, kind: int, payload: bytes) -> None:
        if self._auth_complete or not self._kex_complete or not self._recv_encryption:
            raise misc.ProtocolError("Authentication not in progress")
        if kind == _MSG_USERAUTH_SUCCESS:
            self._lean_auth.succeeded()
            self._auth_complete, self._can_recv_ext_info, self.phase = True, False, "ready"
            self._send_deferred_packets()
            if not self.ready.done():
                self.ready.set_result(None)
        else:
            self._lean_auth.take(kind, payload)

    # Packets, to whom they are for

    def _deliver(self, kind: int, sequence: int, payload: bytes) -> None:
        if _CHANNEL_FIRST <= kind <= _CHANNEL_LAST and self._auth_complete:
            self._take_channel(kind, sequence, payload)
        elif not self._recv_encryption:
            self._take_in_clear(kind, sequence, payload)
        else:
            self._take_message(kind, sequence, payload)

    def _take_channel(self, kind: int, sequence: int, payload: bytes) -> None:
        handler: Any = self._channels.get(int.from_bytes(payload[1:5], "big"))
        if handler is None:
            raise misc.ProtocolError("Invalid channel number received")
        take = getattr(handler, "packet", None)
        if take is not None:
            take(kind, payload[5:])
            return
        packet = SSHPacket(payload)
        packet.get_bytes(5)
        self._finish(handler.process_packet(kind, sequence, packet))

    def _take_in_clear(self, kind: int, sequence: int, payload: bytes) -> None:
        if kind > KEX_LAST:
            raise misc.ProtocolError("Invalid request before key exchange was complete")
        strict = self._strict_kex and kind not in {_MSG_DISCONNECT, MSG_KEXINIT, MSG_NEWKEYS}
        if strict and not _KEX_FIRST <= kind <= KEX_LAST:
            raise misc.ProtocolError(f"Strict key exchange violation: unexpected packet type {kind} received")
        self._take_message(kind, sequence, payload)

    def _take_message(self, kind: int, sequence: int, payload: bytes) -> None:
        if _KEX_FIRST <= kind <= KEX_LAST:
            self._take_kex(kind, sequence, payload)
        elif kind == MSG_KEXINIT and not self._session_id:
            self._take_first_kexinit(sequence, payload)
        elif _MSG_USERAUTH_FAILURE <= kind <= USERAUTH_LAST or kind == MSG_SERVICE_ACCEPT:
            self._take_auth(kind, payload)
        elif kind > USERAUTH_LAST and not self._auth_complete:
            raise misc.ProtocolError("Invalid request before authentication was complete")
        elif kind == _MSG_GLOBAL_REQUEST:
            self._decline_global_request(payload)
        elif kind not in {_MSG_IGNORE, MSG_DEBUG}:
            packet = SSHPacket(payload[1:])
            handler = self._packet_handlers.get(kind)
            if handler is None:
                self.send_packet(_MSG_UNIMPLEMENTED, sequence.to_bytes(4, "big"))
            else:
                self._finish(handler(self, kind, sequence, _whole(payload) if kind == MSG_KEXINIT else packet))

    def _decline_global_request(self, payload: bytes) -> None:
        """Nothing is forwarded to us; keepalives are content with any answer, host key updates want none."""
        packet = SSHPacket(payload[1:])
        packet.get_string()
        if packet.get_boolean():
            self.send_packet(_MSG_REQUEST_FAILURE)


def _nothing_more() -> bool:
    return False


def _whole(payload: bytes) -> SSHPacket:
    packet = SSHPacket(payload)
    packet.get_byte()
    return packet
