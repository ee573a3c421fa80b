"""The first key exchange of a lean connection; rekeying is left to asyncssh. See connection.py for why.

KEXINIT goes out with the version line, its bytes are prepared once per set of host key algorithms, and servers that
answer alike are negotiated with once.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from asyncssh import misc
from asyncssh.kex import get_kex
from asyncssh.kex_dh import _KexECDH
from asyncssh.packet import SSHPacket, String
from asyncssh.public_key import SSHKey

from aifctl.transport.ssh.packets import MSG_NEWKEYS, PacketPath
from aifctl.transport.ssh.prepared import GCM_TAG_BYTES, Gcm, Pristine

MSG_KEXINIT = 20

_GCM_KEY_BYTES = {b"aes128-gcm@openssh.com": 16, b"aes256-gcm@openssh.com": 32}

_Agreement = dict[str, Any]
_MAX_AGREEMENTS = 1024
#: Our KEXINIT behind its cookie, and what came of a server's, per process: a fleet consists of few kinds of servers.
_kexinit_tails: dict[tuple[bytes, ...], bytes] = {}
_agreements: dict[tuple[bytes, tuple[bytes, ...]], _Agreement] = {}


class HostTrust(Protocol):
    """What one node's host key must be."""

    @property
    def algorithms(self) -> tuple[bytes, ...]:
        """Host key algorithms to ask for, the ones we hold keys of first."""

    def verify(self, key_data: bytes) -> SSHKey:
        """Return the key that must have signed the exchange; HostKeyNotVerifiable where it is not trusted."""


class KeyExchange(PacketPath):
    """Agrees on algorithms and keys, with a server whose host key is trusted."""

    _lean_kex_alg = b""

    def __init__(self, pristine: Pristine, trust: HostTrust) -> None:
        super().__init__(pristine)
        self._trust = trust
        self._server_host_key_algs = trust.algorithms

    def host_key_algorithms_offered(self) -> set[bytes]:
        """Return what the server's KEXINIT says it has host keys for; empty before it has come."""
        if not self._server_kexinit:
            return set()
        packet = SSHPacket(self._server_kexinit[17:])
        packet.get_namelist()
        return set(packet.get_namelist())

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
        self.send_packet(MSG_NEWKEYS)
        self._send_encryption = Gcm(compute(k, h, b"C", h, key_out), compute(k, h, b"A", h, 12))
        self._send_enchdrlen, self._send_blocksize = 1, 16
        self._next_recv_encryption = Gcm(compute(k, h, b"D", h, key_in), compute(k, h, b"B", h, 12))
        self._next_recv_blocksize, self._next_recv_macsize = 16, GCM_TAG_BYTES
        self._kex_complete = True
        self.send_service_request(b"ssh-userauth")
        self._send_deferred_packets()

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
        self.send_packet(MSG_KEXINIT, rest)

    def _kexinit_tail(self) -> bytes:
        kex = [*self._kex_algs, *self._get_extra_kex_algs()]
        ciphers, macs = self._enc_algs, self._mac_algs
        lists = (kex, self._server_host_key_algs or (), ciphers, ciphers, macs, macs, (b"none",), (b"none",), (), ())
        return b"".join(String(b",".join(names)) for names in lists) + b"\0\0\0\0\0"

    def _take_kex(self, kind: int, sequence: int, payload: bytes) -> None:
        if not self._kex:
            raise misc.ProtocolError("Key exchange not in progress")
        if self._ignore_first_kex:
            self._ignore_first_kex = False
            return
        if not self._kex.process_packet(kind, sequence, SSHPacket(payload[1:])):
            raise misc.ProtocolError(f"Unexpected packet type {kind} in key exchange")

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

    def _negotiate(self, payload: bytes) -> _Agreement:
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


def _is_aead(cipher: bytes) -> bool:
    return cipher in _GCM_KEY_BYTES or cipher == b"chacha20-poly1305@openssh.com"
