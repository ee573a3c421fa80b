"""From a target to an authenticated connection, directly or through another one."""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncssh import misc

from aifctl.core.errors import NodeError, SettingsError
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh.auth import Offer
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.errors import dial_error
from aifctl.transport.ssh.key_exchange import HostTrust
from aifctl.transport.ssh.keys import Keyring
from aifctl.transport.ssh.known_hosts import KnownHosts, KnownHostsCache, inventory_entries, lookup_names
from aifctl.transport.ssh.prepared import Pristine, make_options
from aifctl.transport.ssh.target import Target
from aifctl.transport.ssh.trust import HostKeyRefused, NodeTrust
from aifctl.transport.ssh.tunnel import Tunnel
from aifctl.transport.ssh.wire import Wire, open_socket


@dataclass(slots=True)
class Progress:
    """How far a dial has come, for the message when it gets no further."""

    conn: LeanConnection | None = None
    phase: str = field(default="keys of ssh-agent")

    @property
    def reached(self) -> str:
        return self.conn.phase if self.conn else self.phase


class Dialler:
    """Holds what all connections of one process share: prepared options, keys, parsed known_hosts."""

    def __init__(self, settings: DialSettings) -> None:
        self._settings = settings
        self.keyring = Keyring(agent=settings.agent, password=settings.key_password)
        self._known = KnownHostsCache()
        self._pristine: dict[str, Pristine] = {}
        self._offers: dict[tuple[Any, ...], tuple[Offer, ...]] = {}

    async def connect(
        self, target: Target, *, via: LeanConnection | None = None, timeout_s: float | None = None
    ) -> LeanConnection:
        """Dial, check the host key, log in; NodeError with a connect-side outcome."""
        progress = Progress()
        limit_s = self._settings.connect_timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(limit_s):
                offers = await self.offers(target)
                return await self._connect(target, self._trust(target), offers, via, progress)
        except HostKeyRefused as problem:
            if problem.other_kinds:
                return await self._again(target, via, limit_s, problem)
            raise said_of(problem, target, progress) from problem
        except (OSError, misc.DisconnectError, misc.ChannelOpenError, ValueError) as problem:
            raise said_of(problem, target, progress) from problem

    async def connect_with(
        self, target: Target, trust: HostTrust, *, via: LeanConnection | None, progress: Progress
    ) -> LeanConnection:
        """Dial with a trust of the caller's and no keys; for scanning. Raises what the connection raises."""
        return await self._connect(target, trust, (), via, progress)

    def known(self, target: Target) -> KnownHosts:
        """Return the parsed known_hosts files that are for this target."""
        files = target.known_hosts or self._settings.known_hosts
        try:
            return self._known.get(files, now_s=time.monotonic())
        except OSError as problem:
            raise SettingsError(f"known_hosts can't be read: {problem}") from problem

    async def offers(self, target: Target) -> tuple[Offer, ...]:
        """Return the keys for a target, the one that nodes like it took last first."""
        key = (target.identities, target.identities_only)
        if key not in self._offers:
            self._offers[key] = await self.keyring.offers(target.identities, only_these=target.identities_only)
        return self._offers[key]

    async def _again(
        self, target: Target, via: LeanConnection | None, limit_s: float, problem: HostKeyRefused
    ) -> LeanConnection:
        """Ask for the key types that are known of this node; only hashed known_hosts entries can lead here."""
        progress = Progress()
        trust = self._trust(target, kinds=problem.other_kinds)
        try:
            async with asyncio.timeout(limit_s):
                return await self._connect(target, trust, await self.offers(target), via, progress)
        except (OSError, misc.DisconnectError, misc.ChannelOpenError, ValueError) as second:
            raise said_of(second, target, progress) from second

    def _trust(self, target: Target, kinds: Sequence[str] = ()) -> NodeTrust:
        names = (target.alias,) if target.alias else (target.address, target.name)
        return NodeTrust(
            self.known(target),
            label=target.where,
            names=lookup_names(names, target.port),
            principals=tuple(dict.fromkeys(names)),
            own=inventory_entries(target.host_keys),
            kinds=kinds,
        )

    async def _connect(
        self,
        target: Target,
        trust: HostTrust,
        offers: Sequence[Offer],
        via: LeanConnection | None,
        progress: Progress,
    ) -> LeanConnection:
        loop = asyncio.get_running_loop()
        pristine = self._pristine.get(target.user)
        if pristine is None:
            pristine = self._pristine[target.user] = Pristine(loop, make_options(target.user))
        wire: Wire | Tunnel
        if via is None:
            sock = await _open(loop, target, progress)
            conn = LeanConnection(pristine, trust, offers, host=target.address, port=target.port)
            wire = Wire(loop, sock, conn)
        else:
            conn = LeanConnection(pristine, trust, offers, host=target.address, port=target.port)
            wire = Tunnel(via, conn)
            progress.phase = "jump host's connection to it"
            await wire.open_to(target.address, target.port)
        progress.conn = conn
        conn.connection_made(wire)
        wire.start()
        try:
            await conn.ready
        except BaseException:
            conn.abort()
            raise
        self._remember(target, offers, conn)
        return conn

    def _remember(self, target: Target, offers: Sequence[Offer], conn: LeanConnection) -> None:
        taken = conn.taken_offer
        if taken is not None and offers and taken is not offers[0]:
            key = (target.identities, target.identities_only)
            self._offers[key] = (taken, *(offer for offer in offers if offer is not taken))


async def _open(loop: asyncio.AbstractEventLoop, target: Target, progress: Progress) -> socket.socket:
    """Connect to the first address that answers; a literal address costs no look-up and no thread."""
    progress.phase = "TCP connection"
    literal = _literal(target.address, target.port)
    if literal:
        return await open_socket(loop, *literal)
    progress.phase = "name look-up"
    found = await loop.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    progress.phase = "TCP connection"
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    problem: OSError | None = None
    for number, (family, address) in enumerate(addresses):
        last = number == len(addresses) - 1
        try:
            # One address that swallows packets (IPv6 without a route) must not use up the time of the others.
            async with asyncio.timeout(None if last else 2.0):
                return await open_socket(loop, family, address)
        except OSError as failure:
            problem = failure
    raise problem or OSError(f"{target.address} has no address")


@functools.lru_cache(maxsize=65536)
def _literal(address: str, port: int) -> tuple[int, tuple[Any, ...]] | None:
    for family, plain in ((socket.AF_INET, address), (socket.AF_INET6, address.partition("%")[0])):
        try:
            socket.inet_pton(family, plain)
        except (OSError, ValueError):
            continue
        if family == socket.AF_INET6:
            zone = address.partition("%")[2]
            return family, (plain, port, 0, socket.if_nametoindex(zone) if zone else 0)
        return family, (address, port)
    return None


def said_of(problem: Exception, target: Target, progress: Progress) -> NodeError:
    """Say why a dial failed; what the table does not know is a bug of ours and raised again."""
    banner = progress.conn.banner if progress.conn else b""
    error = dial_error(problem, where=target.where, phase=progress.reached, banner=banner)
    if error is None:
        raise problem
    return error
