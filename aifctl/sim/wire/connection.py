"""asyncssh's server connection, less what costs: no options rebuilt in a thread, no logging, one key let in.

As it comes a server connection rebuilds its options object in an executor at each login, writes some thirty log records
and decodes each key that is offered. The options are prepared once here and shared by all nodes; only the host key is
each node's own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncssh
from asyncssh.connection import SSHServerConnection, SSHServerConnectionOptions
from asyncssh.packet import SSHPacket, String
from asyncssh.public_key import SSHKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aifctl.sim.credentials import public_blob

#: curve25519 costs a third of the others; the first cipher is the one that a CPU has instructions for.
_KEX = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
_CIPHERS = [
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr",
]  # fmt: skip
_MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"]
_LOGIN_TIMEOUT_S = 120
#: As many as OpenSSH's MaxSessions lets a connection have.
_MOST_CHANNELS = 32


def shared_options() -> SSHServerConnectionOptions:
    """Return the options of every connection; host key and owner are put in per node."""
    return SSHServerConnectionOptions(
        server_factory=asyncssh.SSHServer, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        server_version="OpenSSH_9.6p1", kex_algs=_KEX, encryption_algs=_CIPHERS, mac_algs=_MACS,
        compression_algs=["none"], gss_host=None, password_auth=False, kbdint_auth=False, host_based_auth=False,
        public_key_auth=True, agent_forwarding=False, x11_forwarding=False, line_editor=False, encoding=None,
        login_timeout=_LOGIN_TIMEOUT_S,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Who may come in, and what a connection needs to begin."""

    options: SSHServerConnectionOptions
    key_blob: bytes
    key: SSHKey


class HostKey:
    """An ed25519 host key, as much of asyncssh's key pair as a server asks for."""

    algorithm = b"ssh-ed25519"

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key, self.public_data = key, public_blob(key)

    def sign(self, data: bytes) -> bytes:
        return String(self.algorithm) + String(self._key.sign(data))


class QuietLogger:
    """Takes asyncssh's log records and does nothing: formatting them costs more than the key exchange."""

    def get_child(self, *_args: object, **_more: object) -> QuietLogger:
        return self

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return _ignore


def _ignore(*_args: object, **_more: object) -> None: ...


_QUIET = QuietLogger()


class Connection(SSHServerConnection):
    """One connection to one node."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        welcome: Welcome,
        owner: asyncssh.SSHServer,
        host_key: HostKey,
        *,
        refuses_keys: bool,
    ) -> None:
        super().__init__(loop, welcome.options)
        self._welcome, self._refuses_keys = welcome, refuses_keys
        self._protocol_factory = lambda: owner
        self._server_host_keys: Any = OrderedDict({HostKey.algorithm: host_key})
        self._server_host_key_algs = [HostKey.algorithm]
        self._unsent: list[bytes] = []

    def _send(self, data: bytes) -> None:
        """Send what one turn of the event loop says in one system call: a login would take eighteen otherwise."""
        if self._transport is None or self._transport.is_closing():
            return
        self._unsent.append(data)
        if len(self._unsent) == 1:
            self._loop.call_soon(self._flush, self._transport)

    def _flush(self, transport: asyncio.Transport) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if not transport.is_closing():
            transport.write(data)

    def _log_packet(self, *_args: object) -> None:
        """Log nothing; looking up what a packet is called took 4 % of a login."""

    @property
    def logger(self) -> Any:
        return _QUIET

    async def reload_config(self) -> None:
        """Keep the options; as it comes this builds new ones, in a thread, for the user's name."""

    async def validate_public_key(self, username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:  # noqa: ARG002  asyncssh's signature
        """Let in whoever has the fleet's key."""
        if self._refuses_keys or key_data != self._welcome.key_blob:
            return False
        return not msg or self._welcome.key.verify(String(self._session_id) + msg, signature)

    def public_key_auth_supported(self) -> bool:
        return True

    def add_channel(self, chan: Any) -> int:
        if len(self._channels) >= _MOST_CHANNELS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "too many sessions")
        return super().add_channel(chan)

    def create_server_channel(self, *_args: Any, **_more: Any) -> Any:
        self._update_recv_pktlen(self._max_pktsize)
        return _Channel(self, self._loop, True, False, False, 0, 0, None, "strict", self._window, self._max_pktsize)

    def cut(self) -> None:
        """Reset the connection: the other side sees it die, with nothing said."""
        transport = self._transport
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()


class _Channel(asyncssh.SSHServerChannel[bytes]):
    """A session's channel; it takes any bytes for a command line, as a real sshd does."""

    def _process_exec_request(self, packet: SSHPacket) -> bool:
        line = packet.get_string().decode("utf-8", "surrogateescape")
        packet.check_end()
        return self._start_session(command=line)
