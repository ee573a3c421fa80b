"""asyncssh's client connection with the per-connection overhead taken out: with prepared.py the only file that changes
its internals.

A fan-out opens thousands of short connections, and there asyncssh spends most of its time on what none of them needs.
Client CPU per node for one cold command, measured against a light fleet (3,000 nodes, one core): README, "Measured".
What is replaced here, and what that rests on:

- the constructor: every connection starts as a copy of the attributes of one connection made by asyncssh itself
  (`Pristine`), instead of some 150 assignments, two loggers and an options object;
- the packet loop (`_recv_data`, `send_packet`): no logging calls, no task per packet, packets of one loop turn leave in
  one write, AES-GCM keeps its key schedule, and no MSG_IGNORE before each packet (a counter-measure for CBC ciphers,
  which are not offered);
- the first key exchange: KEXINIT goes out with the version line, its bytes are prepared once per set of host key
  algorithms, and servers that answer alike are negotiated with once; rekeying is left to asyncssh;
- authentication: public keys only; a first key that is cheap to sign with is signed straight behind the service
  request, which saves the `none` probe, the query and two round trips;
- the end: a disconnect message and a closed socket, waiting for nothing, and no reference cycle left for the collector.

Strictness stays: the host key is checked on every connection by the HostTrust handed in, strict key exchange (CVE-2023-
48795) is negotiated and enforced, and unknown, early or late packets are refused as asyncssh refuses them.
tests/transport/ssh/test_asyncssh_internals.py fails loudly where a new asyncssh no longer has what this file uses.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from asyncssh import misc
from asyncssh.connection import SSHClientConnection
from asyncssh.kex import get_kex
from asyncssh.kex_dh import _KexECDH
from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.public_key import SSHKey

from aifctl.transport.ssh.auth import Offer, PublicKeyAuth
from aifctl.transport.ssh.prepared import Gcm, Pristine

_MSG_DISCONNECT, _MSG_IGNORE, _MSG_UNIMPLEMENTED, _MSG_DEBUG = 1, 2, 3, 4
_MSG_SERVICE_REQUEST, _MSG_SERVICE_ACCEPT, _MSG_EXT_INFO = 5, 6, 7
_MSG_KEXINIT, _MSG_NEWKEYS, _KEX_FIRST, _KEX_LAST = 20, 21, 30, 49
_MSG_USERAUTH_FAILURE, _MSG_USERAUTH_SUCCESS, _MSG_USERAUTH_BANNER, _MSG_USERAUTH_PK_OK = 51, 52, 53, 60
_USERAUTH_LAST, _MSG_GLOBAL_REQUEST, _MSG_REQUEST_FAILURE = 79, 80, 82
_CHANNEL_FIRST, _CHANNEL_LAST = 93, 127
_DEFERRED_TYPES = frozenset({_MSG_DEBUG, _MSG_SERVICE_REQUEST, _MSG_SERVICE_ACCEPT})

_GCM_KEY_BYTES = {b"aes128-gcm@openssh.com": 16, b"aes256-gcm@openssh.com": 32}
_GCM_TAG_BYTES = 16
_MAX_PACKET_BYTES = 256 * 1024
_MAX_LINE_BYTES = 8192
_MAX_BANNER_BYTES = 65536
_VERSION = b"SSH-2.0-aifctl"

# RFC 4253 wants padding that an observer cannot predict where the cipher needs it; an AEAD does not, so one random block
# per process is enough and saves a system call per packet.
_PADDING = os.urandom(64)


class HostTrust(Protocol):
    """What one node's host key must be."""

    @property
    def algorithms(self) -> tuple[bytes, ...]:
        """Host key algorithms to ask for, the ones we hold keys of first."""

    def verify(self, key_data: bytes) -> SSHKey:
        """Return the key that must have signed the exchange; HostKeyNotVerifiable where it is not trusted."""


class Handler(Protocol):
    """A channel of ours: packets come as the payload behind the channel number."""

    def packet(self, kind: int, payload: bytes) -> None: ...
    def process_open_confirmation(
        self, send_chan: int, send_window: int, send_pktsize: int, packet: SSHPacket
    ) -> None: ...
    def process_open_failure(self, code: int, reason: str, lang: str) -> None: ...
    def process_connection_close(self, exc: Exception | None) -> None: ...


class LeanConnection(SSHClientConnection):
    """One connection to one server, from `connection_made` on; `ready` settles when it is authenticated or lost."""

    def __init__(self, pristine: Pristine, trust: HostTrust, offers: Sequence[Offer], *, host: str, port: int) -> None:
        # Not super().__init__: see Pristine.
        self.__dict__.update(pristine.shared)
        for name, make in pristine.fresh:
            self.__dict__[name] = make()
        self._recv_handler = self._recv_version
        self._host, self._port = host, port
        self._trust = trust
        self._server_host_key_algs = trust.algorithms
        self._lean_auth = PublicKeyAuth(self, offers)
        self._out: list[bytes] = []
        self._corks = self._lazy = 0
        self._held = False
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.banner = b""
        self.phase = "banner"
        self.lost: BaseException | None = None
        self.closed = False
        self.on_writable: Callable[[], None] | None = None

    # --- the wire -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Say hello and offer algorithms in one write; the server need not have spoken."""
        self._transport = transport
        self.cork()
        self._client_version = _VERSION
        self._send(_VERSION + b"\r\n")
        self._send_kexinit()
        self._kexinit_sent = True
        self.uncork()

    def data_received(self, data: bytes, datatype: Any = None) -> None:  # noqa: ARG002 - asyncssh's channels pass it
        """Handle all whole packets in what has come so far."""
        self._inpbuf = self._inpbuf + data if self._inpbuf else data
        self._recv_data()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def resume_writing(self) -> None:
        if self.on_writable:
            self.on_writable()

    def cork(self) -> None:
        """Collect packets until `uncork`; calls nest."""
        self._corks += 1

    def uncork(self) -> None:
        self._corks -= 1
        if not self._corks and len(self._out) > self._lazy:
            self._flush()

    def send_lazily(self, pkttype: int, *args: bytes) -> None:
        """Send a packet that nobody waits for with the next one, or when the loop comes round."""
        self._corks += 1
        before = len(self._out)
        self.send_packet(pkttype, *args)
        self._corks -= 1
        if not self._lazy:
            self._loop.call_soon(self._flush)
        self._lazy += len(self._out) - before

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        self._lazy = 0
        if data and self._transport:
            self._transport.write(data)

    def unsent_bytes(self) -> int:
        """Return what the wire still holds."""
        return self._transport.unsent_bytes() if self._transport else 0  # type: ignore[attr-defined]

    def host_key_algorithms_offered(self) -> set[bytes]:
        """Return what the server's KEXINIT says it has host keys for; empty before it has come."""
        if not self._server_kexinit:
            return set()
        packet = SSHPacket(self._server_kexinit[17:])
        packet.get_namelist()
        return set(packet.get_namelist())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Answer asyncssh's own parts; SFTP swaps a symlink's arguments for servers that call themselves OpenSSH."""
        if name == "server_version":
            return self._server_version.decode("ascii", "replace")
        return self._transport.get_extra_info(name, default) if self._transport else default

    @property
    def taken_offer(self) -> Offer | None:
        """The key that the server took."""
        return self._lean_auth.current

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

    def _send(self, data: bytes) -> None:
        if self._corks:
            self._out.append(data)
        elif self._out:
            self._out.append(data)
            self._flush()
        elif self._transport:
            self._transport.write(data)

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

    # --- incoming ---------------------------------------------------------------------------------------------------

    def _recv_data(self) -> None:
        self._corks += 1
        try:
            while self._inpbuf and not self._held and self._recv_handler():
                pass
        except misc.DisconnectError as problem:
            if self._transport:
                self._send_disconnect(problem.code, problem.reason, problem.lang)
            self._force_close(problem)
        except Exception as problem:  # noqa: BLE001 - hostile bytes; the reason travels to whoever waits
            self._force_close(problem)
        finally:
            self.uncork()

    def _recv_version(self) -> bool:
        end = self._inpbuf.find(b"\n", 0, _MAX_LINE_BYTES)
        if end < 0:
            if len(self._inpbuf) >= _MAX_LINE_BYTES:
                raise misc.ProtocolError("Banner line too long")
            return False
        line, self._inpbuf = self._inpbuf[:end].removesuffix(b"\r"), self._inpbuf[end + 1 :]
        if line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
            self._server_version = line
            self.phase = "key exchange"
            self._recv_handler = self._recv_packets
        elif line.startswith(b"SSH-"):
            raise misc.ProtocolNotSupported("Unsupported SSH version")
        else:
            self._banner_lines += len(line) + 1
            self.banner = self.banner or line
            if self._banner_lines > _MAX_BANNER_BYTES:
                raise misc.ProtocolError("Too many banner lines")
        return True

    def _recv_packets(self) -> bool:
        """Handle one packet; False where it is not whole yet."""
        buffer, decryption = self._inpbuf, self._recv_encryption
        if isinstance(decryption, Gcm):
            size = 4 + int.from_bytes(buffer[:4], "big") + _GCM_TAG_BYTES
            body = None
            if len(buffer) >= size:
                body = decryption.open(buffer[:4], buffer[4:size])
        elif decryption is None:
            size = 4 + int.from_bytes(buffer[:4], "big")
            body = buffer[4:size] if len(buffer) >= size else None
        else:
            return self._recv_other_cipher()
        if body is None:
            if size > _MAX_PACKET_BYTES:
                raise misc.ProtocolError("Max packet size exceeded")
            return False
        self._inpbuf = buffer[size:]
        self._take(body)
        return True

    def _recv_other_cipher(self) -> bool:
        decryption = self._recv_encryption
        assert decryption is not None  # noqa: S101 - for the type checker; the caller has looked
        buffer, block = self._inpbuf, self._recv_blocksize
        if not self._packet:
            if len(buffer) < block:
                return False
            # Once per packet: counter-mode ciphers advance with it.
            self._packet, length = decryption.decrypt_header(self._recv_seq, buffer[:block], 4)
            self._pktlen = int.from_bytes(length, "big")
            if self._pktlen > _MAX_PACKET_BYTES:
                raise misc.ProtocolError("Max packet size exceeded")
        size = 4 + self._pktlen + self._recv_macsize
        if len(buffer) < size:
            return False
        rest, mac = buffer[block : size - self._recv_macsize], buffer[size - self._recv_macsize : size]
        body = decryption.decrypt_packet(self._recv_seq, self._packet, rest, 4, mac)
        if not body:
            raise misc.MACError("MAC verification failed")
        self._inpbuf, self._packet = buffer[size:], b""
        self._take(body)
        return True

    def _take(self, body: bytes) -> None:
        """Hand one decrypted packet (padding length, payload, padding) to whom it is for."""
        if len(body) < 2 or body[0] + 1 >= len(body):  # noqa: PLR2004 - a padding length and a type at least
            raise misc.ProtocolError("Malformed packet")
        payload = body[1 : -body[0]]
        kind, sequence = payload[0], self._recv_seq
        self._recv_seq = 0 if kind == _MSG_NEWKEYS and self._strict_kex else (sequence + 1) & 0xFFFFFFFF
        try:
            if _CHANNEL_FIRST <= kind <= _CHANNEL_LAST and self._auth_complete:
                self._take_channel(kind, sequence, payload)
            elif not self._recv_encryption:
                self._take_in_clear(kind, sequence, payload)
            else:
                self._take_message(kind, sequence, payload)
        except PacketDecodeError as problem:
            raise misc.ProtocolError(str(problem)) from None

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
        if kind > _KEX_LAST:
            raise misc.ProtocolError("Invalid request before key exchange was complete")
        strict = self._strict_kex and kind not in {_MSG_DISCONNECT, _MSG_KEXINIT, _MSG_NEWKEYS}
        if strict and not _KEX_FIRST <= kind <= _KEX_LAST:
            raise misc.ProtocolError(f"Strict key exchange violation: unexpected packet type {kind} received")
        self._take_message(kind, sequence, payload)

    def _take_message(self, kind: int, sequence: int, payload: bytes) -> None:
        if _KEX_FIRST <= kind <= _KEX_LAST:
            self._take_kex(kind, sequence, payload)
        elif kind == _MSG_KEXINIT and not self._session_id:
            self._take_first_kexinit(sequence, payload)
        elif _MSG_USERAUTH_FAILURE <= kind <= _USERAUTH_LAST or kind == _MSG_SERVICE_ACCEPT:
            self._take_auth(kind, payload)
        elif kind > _USERAUTH_LAST and not self._auth_complete:
            raise misc.ProtocolError("Invalid request before authentication was complete")
        elif kind == _MSG_GLOBAL_REQUEST:
            self._decline_global_request(payload)
        elif kind not in {_MSG_IGNORE, _MSG_DEBUG}:
            packet = SSHPacket(payload[1:])
            handler = self._packet_handlers.get(kind)
            if handler is None:
                self.send_packet(_MSG_UNIMPLEMENTED, sequence.to_bytes(4, "big"))
            else:
                self._finish(handler(self, kind, sequence, _whole(payload) if kind == _MSG_KEXINIT else packet))

    def _take_kex(self, kind: int, sequence: int, payload: bytes) -> None:
        if not self._kex:
            raise misc.ProtocolError("Key exchange not in progress")
        if self._ignore_first_kex:
            self._ignore_first_kex = False
            return
        if not self._kex.process_packet(kind, sequence, SSHPacket(payload[1:])):
            raise misc.ProtocolError(f"Unexpected packet type {kind} in key exchange")

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

    def _decline_global_request(self, payload: bytes) -> None:
        """Nothing is forwarded to us; keepalives are content with any answer, host key updates want none."""
        packet = SSHPacket(payload[1:])
        packet.get_string()
        if packet.get_boolean():
            self.send_packet(_MSG_REQUEST_FAILURE)

    def _finish(self, result: Awaitable[None] | bool | None) -> None:
        """Let a handler of asyncssh's finish before the next packet is looked at."""
        if inspect.isawaitable(result):
            self._held = True
            self.create_task(result).add_done_callback(self._resume)

    def _resume(self, _task: asyncio.Task[None]) -> None:
        self._held = False
        if self._inpbuf:
            self._recv_data()

    def _reap_task(self, task_logger: Any, task: asyncio.Task[None]) -> None:  # noqa: ARG002 - asyncssh's signature
        self._tasks.discard(task)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, Exception):
            self._force_close(problem)

    # --- outgoing -----------------------------------------------------------------------------------------------------

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:  # noqa: ARG002 - for its log
        if self._kex_complete and self._auth_complete and self._rekey_bytes_sent >= self._rekey_bytes:
            self._send_kexinit()
            self._kexinit_sent = True
        if (not self._kex_complete and (pkttype > _KEX_LAST or pkttype in _DEFERRED_TYPES)) or (
            pkttype > _USERAUTH_LAST and not self._auth_complete
        ):
            self._deferred_packets.append((pkttype, args))
            return
        payload = b"".join((bytes((pkttype,)), *args))
        sequence, encryption = self._send_seq, self._send_encryption
        block = self._send_blocksize
        padding = -(self._send_enchdrlen + len(payload)) % block
        if padding < 4:  # noqa: PLR2004 - RFC 4253, 6
            padding += block
        packet = b"".join((bytes((padding,)), payload, _PADDING[:padding]))
        header = len(packet).to_bytes(4, "big")
        if encryption is None:
            self._send(header + packet)
        else:
            self._send(b"".join(encryption.encrypt_packet(sequence, header, packet)))
        self._send_seq = 0 if pkttype == _MSG_NEWKEYS and self._strict_kex else (sequence + 1) & 0xFFFFFFFF
        self._rekey_bytes_sent += len(packet)

    # --- key exchange -------------------------------------------------------------------------------------------------

    def _send_kexinit(self) -> None:
        if self._session_id:
            super()._send_kexinit()
            return
        key = self._trust.algorithms
        tail = _kexinit_tails.get(key)
        if tail is None:
            tail = _kexinit_tails[key] = self._kexinit_tail()
        rest = os.urandom(16) + tail
        self._client_kexinit = b"\x14" + rest
        self.send_packet(_MSG_KEXINIT, rest)

    def _kexinit_tail(self) -> bytes:
        kex = [*self._kex_algs, *self._get_extra_kex_algs()]
        ciphers, macs = self._enc_algs, self._mac_algs
        lists = (kex, self._server_host_key_algs or (), ciphers, ciphers, macs, macs, (b"none",), (b"none",), (), ())
        return b"".join(_string(b",".join(names)) for names in lists) + b"\0\0\0\0\0"

    def _take_first_kexinit(self, sequence: int, payload: bytes) -> None:
        if self._kex:
            raise misc.ProtocolError("Key exchange already in progress")
        self._server_kexinit = payload
        key = (payload[17:], self._trust.algorithms)
        agreed = _agreements.get(key)
        if agreed is None:
            agreed = self._negotiate(payload)
            if len(_agreements) >= _MAX_AGREEMENTS:
                _agreements.clear()
            _agreements[key] = agreed
        self.__dict__.update(agreed)
        if self._strict_kex and sequence != 0:
            raise misc.ProtocolError("Strict key exchange violation: KEXINIT was not the first packet")
        self._kexinit_sent = False
        self._kex = get_kex(self, self._lean_kex_alg)
        if isinstance(self._kex, _KexECDH):
            self._kex._send_init()  # noqa: SLF001 - what its start() does, without a coroutine
        else:
            self._finish(self._kex.start())

    _lean_kex_alg = b""

    def _negotiate(self, payload: bytes) -> dict[str, Any]:
        packet = SSHPacket(payload[17:])
        kex, host_keys, ciphers_out, ciphers_in, macs_out, macs_in = (packet.get_namelist() for _ in range(6))
        none_out, none_in, _, _ = (packet.get_namelist() for _ in range(4))
        guessed = packet.get_boolean()
        cipher_out = self._choose_alg("encryption", self._enc_algs, ciphers_out)
        cipher_in = self._choose_alg("encryption", self._enc_algs, ciphers_in)
        self._choose_alg("host key", self._server_host_key_algs or (), host_keys)
        self._choose_alg("compression", (b"none",), none_out)
        self._choose_alg("compression", (b"none",), none_in)
        chosen = self._choose_alg("key exchange", self._kex_algs, kex)
        return {
            "_lean_kex_alg": chosen,
            "_ignore_first_kex": guessed and chosen != kex[0],
            "_strict_kex": b"kex-strict-s-v00@openssh.com" in kex,
            "_enc_alg_cs": cipher_out,
            "_enc_alg_sc": cipher_in,
            "_mac_alg_cs": cipher_out if _is_aead(cipher_out) else self._choose_alg("MAC", self._mac_algs, macs_out),
            "_mac_alg_sc": cipher_in if _is_aead(cipher_in) else self._choose_alg("MAC", self._mac_algs, macs_in),
            "_cmp_alg_cs": b"none",
            "_cmp_alg_sc": b"none",
        }

    def validate_server_host_key(self, key_data: bytes) -> SSHKey:
        """Ask the trust handed in; on rekeying as well."""
        return self._trust.verify(key_data)

    def send_newkeys(self, k: bytes, h: bytes) -> None:
        key_out, key_in = _GCM_KEY_BYTES.get(self._enc_alg_cs), _GCM_KEY_BYTES.get(self._enc_alg_sc)
        if self._session_id or not key_out or not key_in:
            super().send_newkeys(k, h)
            return
        kex = self._kex
        assert kex is not None  # noqa: S101 - for the type checker; it is what calls here
        self._kex, self._session_id = None, h
        compute = kex.compute_key
        self.send_packet(_MSG_NEWKEYS)
        self._send_encryption = Gcm(compute(k, h, b"C", h, key_out), compute(k, h, b"A", h, 12))
        self._send_enchdrlen, self._send_blocksize = 1, 16
        self._next_recv_encryption = Gcm(compute(k, h, b"D", h, key_in), compute(k, h, b"B", h, 12))
        self._next_recv_blocksize, self._next_recv_macsize = 16, _GCM_TAG_BYTES
        self._kex_complete = True
        self.send_service_request(b"ssh-userauth")
        self._send_deferred_packets()

    def send_service_request(self, service: bytes) -> None:
        self.phase = "authentication"
        self.send_packet(_MSG_SERVICE_REQUEST, _string(service))
        self._lean_auth.begin()


def _nothing_more() -> bool:
    return False


_Agreement = dict[str, Any]
_MAX_AGREEMENTS = 1024
#: Our KEXINIT behind its cookie, and what came of a server's, per process: a fleet consists of few kinds of servers.
_kexinit_tails: dict[tuple[bytes, ...], bytes] = {}
_agreements: dict[tuple[bytes, tuple[bytes, ...]], _Agreement] = {}


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _whole(payload: bytes) -> SSHPacket:
    packet = SSHPacket(payload)
    packet.get_byte()
    return packet


def _is_aead(cipher: bytes) -> bool:
    return cipher in _GCM_KEY_BYTES or cipher == b"chacha20-poly1305@openssh.com"
