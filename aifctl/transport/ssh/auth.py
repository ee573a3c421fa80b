"""Public key authentication: which keys are offered, and the exchange that offers them one by one."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from asyncssh import misc
from asyncssh.packet import SSHPacket, String
from asyncssh.public_key import SSHKeyPair

_MSG_SERVICE_ACCEPT, _MSG_USERAUTH_REQUEST, _MSG_USERAUTH_FAILURE = 6, 50, 51
_MSG_USERAUTH_BANNER, _MSG_USERAUTH_PK_OK = 53, 60
_RSA = b"ssh-rsa"
_CERTIFICATE = b"-cert-v01@openssh.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One key to offer.

    Attributes:
        label: how messages call it: the file's path or the agent's comment.
        remote: signing is somebody else's work (the agent) and takes a while.
        rsa: the signature algorithm depends on what the server says it takes.
        newer_name: offer an RSA certificate as rsa-sha2-…-cert-v01; OpenSSH before 7.8 knows only ssh-rsa-cert-v01.
    """

    pair: SSHKeyPair
    label: str
    remote: bool = False
    rsa: bool = False
    newer_name: bool = False


class AuthRefused(misc.PermissionDenied):
    """The node takes none of our keys."""


class Connection(Protocol):
    """What this exchange needs of a connection."""

    _session_id: bytes
    _username: str

    def send_packet(self, pkttype: int, *args: bytes) -> None: ...
    def create_task(self, coro: Any) -> Any: ...
    def _choose_signature_alg(self, keypair: Any) -> bool: ...


class PublicKeyAuth:
    """The exchange from the service request to success or the last refusal."""

    __slots__ = ("_accepted", "_banner", "_conn", "_left", "_methods", "_pair", "_signed", "_task", "_tried", "current")

    def __init__(self, conn: Any, offers: Sequence[Offer]) -> None:
        self._conn = conn
        self._left = list(offers)
        self.current: Offer | None = None
        self._pair: SSHKeyPair | None = None
        self._accepted = self._signed = False
        self._tried: list[str] = []
        self._methods: Sequence[bytes] = ()
        self._banner = ""
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Called behind the service request.

        A first key whose signature is cheap and of a certain algorithm is signed at once, in the same write: no probe,
        no query, no wait. RSA waits for the service to be accepted, because what the server takes (server-sig-algs)
        comes before; the agent is asked only for what the server has agreed to.
        """
        if self._left and _is_cheap(self._left[0]):
            self._next()

    def let_go(self) -> None:
        """Give up what is under way, and the connection."""
        if self._task:
            self._task.cancel()
            self._task = None
        self._conn = None

    def succeeded(self) -> None:
        """Check that success answers something we signed; a server that lets anyone in is not the one we meant."""
        if not self._signed or not self._accepted:
            raise misc.ProtocolError("Unexpected userauth success response")

    def take(self, kind: int, payload: bytes) -> None:
        """Handle one message of the server's."""
        packet = SSHPacket(payload[1:])
        if kind == _MSG_SERVICE_ACCEPT:
            self._accept(packet)
        elif kind == _MSG_USERAUTH_FAILURE and self._accepted:
            self._fail(packet.get_namelist(), partial=packet.get_boolean())
        elif kind == _MSG_USERAUTH_PK_OK and self._pair and not self._signed:
            self._sign(self._pair)
        elif kind == _MSG_USERAUTH_BANNER:
            self._banner = packet.get_string()[:400].decode("utf-8", "replace")
        else:
            raise misc.ProtocolError(f"Unexpected packet type {kind} during authentication")

    def _accept(self, packet: SSHPacket) -> None:
        if packet.get_string() != b"ssh-userauth" or self._accepted:
            raise misc.ServiceNotAvailable("Unexpected service in service accept")
        self._accepted = True
        if self._pair is None:
            self._next()

    def _fail(self, methods: Sequence[bytes], *, partial: bool) -> None:
        self._methods = methods
        if partial:
            raise AuthRefused(f"wants more than a key: {_names(methods)}")
        self._next()

    def _next(self) -> None:
        self._signed = False
        while self._left:
            offer = self._left.pop(0)
            pair = self._prepared(offer)
            if pair is None:
                continue
            self._tried.append(offer.label)
            self.current, self._pair = offer, pair
            if _is_cheap(offer) or not self._left:
                self._sign(pair)
            else:
                self._conn.send_packet(_MSG_USERAUTH_REQUEST, self._request(pair, b"\0")[1:])
            return
        raise AuthRefused(self._refusal())

    def _prepared(self, offer: Offer) -> SSHKeyPair | None:
        if not offer.rsa:
            return offer.pair
        # A pair remembers the algorithm chosen for one server, and pairs are shared between connections.
        pair = copy.copy(offer.pair)
        if not self._conn._choose_signature_alg(pair):  # noqa: SLF001 - asyncssh's own choice, see connection.py
            return None
        if offer.newer_name:
            if pair.sig_algorithm == _RSA:
                return None
            pair.algorithm = pair.sig_algorithm + _CERTIFICATE
        return pair

    def _request(self, pair: SSHKeyPair, signed: bytes) -> bytes:
        user = self._conn._username.encode()  # noqa: SLF001 - set from our own options
        parts = (user, b"ssh-connection", b"publickey")
        head = b"".join(map(String, parts))
        return b"".join((b"\x32", head, signed, String(pair.algorithm), String(pair.public_data)))

    def _sign(self, pair: SSHKeyPair) -> None:
        self._signed = True
        request = self._request(pair, b"\x01")
        data = String(self._conn._session_id) + request  # noqa: SLF001 - what RFC 4252 signs
        if hasattr(pair, "sign_async"):
            self._task = self._conn.create_task(self._sign_remotely(pair, request, data))
        else:
            self._conn.send_packet(_MSG_USERAUTH_REQUEST, request[1:], String(pair.sign(data)))

    async def _sign_remotely(self, pair: Any, request: bytes, data: bytes) -> None:
        try:
            signature = await pair.sign_async(data)
        except ValueError as problem:
            # The agent has lost the key or was asked to confirm and did not: the next key may still do.
            self._tried[-1] += f" ({problem})"
            self._task = None
            self._next()
        else:
            self._conn.send_packet(_MSG_USERAUTH_REQUEST, request[1:], String(signature))

    def _refusal(self) -> str:
        tried = ", ".join(self._tried) or "no key"
        also = f"; it takes {_names(self._methods)}" if self._methods else ""
        said = f"; it says: {self._banner.strip()}" if self._banner.strip() else ""
        return f"tried {tried}{also}{said}"


def _is_cheap(offer: Offer) -> bool:
    return not offer.remote and not offer.rsa


def _names(methods: Sequence[bytes]) -> str:
    return ", ".join(method[:40].decode("ascii", "replace") for method in methods[:8])
