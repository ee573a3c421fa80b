"""The packet path of a lean connection: bytes of the wire to packets and back; see connection.py for why.

No logging calls, no task per packet, and packets of one loop turn leave in one write.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from typing import Any

from asyncssh import misc
from asyncssh.connection import SSHClientConnection
from asyncssh.packet import PacketDecodeError

from aifctl.transport.ssh.prepared import GCM_TAG_BYTES, Gcm, Pristine

MSG_DEBUG, MSG_SERVICE_REQUEST, MSG_SERVICE_ACCEPT, MSG_NEWKEYS = 4, 5, 6, 21
#: The last of the messages that belong to the key exchange, and to authentication.
KEX_LAST, USERAUTH_LAST = 49, 79
_DEFERRED_TYPES = frozenset({MSG_DEBUG, MSG_SERVICE_REQUEST, MSG_SERVICE_ACCEPT})

_MAX_PACKET_BYTES = 256 * 1024
_MAX_LINE_BYTES = 8192
_MAX_BANNER_BYTES = 65536

# RFC 4253 wants padding that an observer cannot predict where the cipher needs it; an AEAD does not, so one random block
# per process is enough and saves a system call per packet.
_PADDING = os.urandom(64)


class PacketPath(SSHClientConnection):
    """Sends packets, and hands on every whole one that has come, in `_deliver`.

    Attributes:
        banner: the first line that came in place of a version.
        phase: how far the connection has come, in words for messages.
        on_writable: called when the wire takes more.
    """

    def __init__(self, pristine: Pristine) -> None:
        # Not super().__init__: see Pristine.
        self.__dict__.update(pristine.shared)
        for name, make in pristine.fresh:
            self.__dict__[name] = make()
        self._recv_handler = self._recv_version
        self._out: list[bytes] = []
        self._corks = self._lazy = 0
        self._held = False
        self.banner = b""
        self.phase = "banner"
        self.on_writable: Callable[[], None] | None = None

    def data_received(self, data: bytes, datatype: Any = None) -> None:  # noqa: ARG002 - asyncssh's channels pass it
        """Handle all whole packets in what has come so far."""
        self._inpbuf = self._inpbuf + data if self._inpbuf else data
        self._recv_data()

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

    def unsent_bytes(self) -> int:
        """Return what the wire still holds."""
        return self._transport.unsent_bytes() if self._transport else 0  # type: ignore[attr-defined]

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:  # noqa: ARG002 - for its log
        if self._kex_complete and self._auth_complete and self._rekey_bytes_sent >= self._rekey_bytes:
            self._send_kexinit()
            self._kexinit_sent = True
        if (not self._kex_complete and (pkttype > KEX_LAST or pkttype in _DEFERRED_TYPES)) or (
            pkttype > USERAUTH_LAST and not self._auth_complete
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
        self._send_seq = 0 if pkttype == MSG_NEWKEYS and self._strict_kex else (sequence + 1) & 0xFFFFFFFF
        self._rekey_bytes_sent += len(packet)

    def _send(self, data: bytes) -> None:
        if self._corks:
            self._out.append(data)
        elif self._out:
            self._out.append(data)
            self._flush()
        elif self._transport:
            self._transport.write(data)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        self._lazy = 0
        if data and self._transport:
            self._transport.write(data)

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
            size = 4 + int.from_bytes(buffer[:4], "big") + GCM_TAG_BYTES
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
        """Hand on the payload of one decrypted packet: padding length, payload, padding."""
        if len(body) < 2 or body[0] + 1 >= len(body):  # noqa: PLR2004 - a padding length and a type at least
            raise misc.ProtocolError("Malformed packet")
        payload = body[1 : -body[0]]
        kind, sequence = payload[0], self._recv_seq
        self._recv_seq = 0 if kind == MSG_NEWKEYS and self._strict_kex else (sequence + 1) & 0xFFFFFFFF
        try:
            self._deliver(kind, sequence, payload)
        except PacketDecodeError as problem:
            raise misc.ProtocolError(str(problem)) from None

    def _deliver(self, kind: int, sequence: int, payload: bytes) -> None:
        """Handle one packet; the payload begins with its kind."""
        raise NotImplementedError

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
