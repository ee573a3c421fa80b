"""Which host keys a node shows: one handshake per key type, given up before anybody logs in."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

from asyncssh import misc
from asyncssh.public_key import SSHKey

from aifctl.transport.ssh.auth import AuthRefused
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.dialler import Dialler, Progress, said_of
from aifctl.transport.ssh.jumps import JumpHosts
from aifctl.transport.ssh.known_hosts import key_kind
from aifctl.transport.ssh.target import Target
from aifctl.transport.ssh.trust import ANY_ALGORITHM, SCAN_ALGORITHMS, decoded_key


class _Collector:
    """A trust that takes any key of one type, and lets the exchange prove that the node holds it."""

    def __init__(self, algorithms: tuple[bytes, ...]) -> None:
        self.algorithms = algorithms
        self.shown = b""

    def verify(self, key_data: bytes) -> SSHKey:
        self.shown = key_data
        return decoded_key(key_data)


async def scan_host_keys(dialler: Dialler, jumps: JumpHosts, target: Target, *, timeout_s: float) -> Sequence[str]:
    """Return "type base64" lines, best type first; NodeError where the node shows none."""
    if not target.jump:
        return await _scan(dialler, target, None, timeout_s)
    return await jumps.through(target, lambda hop: _scan(dialler, target, hop, timeout_s))


async def _scan(dialler: Dialler, target: Target, via: LeanConnection | None, timeout_s: float) -> Sequence[str]:
    shown: list[bytes] = []
    # The first handshake asks for anything, and its KEXINIT says what else there is.
    offered = await _handshake(dialler, target, via, ANY_ALGORITHM, shown, timeout_s)
    for kind, algorithms in SCAN_ALGORITHMS:
        if kind not in map(key_kind, shown) and offered.intersection(algorithms):
            await _handshake(dialler, target, via, algorithms, shown, timeout_s)
    order = [kind for kind, _ in SCAN_ALGORITHMS]
    return [
        f"{key_kind(blob)} {base64.b64encode(blob).decode()}"
        for blob in sorted(shown, key=lambda blob: order.index(key_kind(blob)))
    ]


async def _handshake(
    dialler: Dialler,
    target: Target,
    via: LeanConnection | None,
    algorithms: tuple[bytes, ...],
    shown: list[bytes],
    timeout_s: float,
) -> set[bytes]:
    """Let the node prove one key, and return the algorithms it has keys for."""
    collector, progress = _Collector(algorithms), Progress()
    try:
        async with asyncio.timeout(timeout_s):
            await dialler.connect_with(target, collector, via=via, progress=progress)
    except AuthRefused:
        shown.append(collector.shown)  # without a key of ours nobody gets further than this
    except (OSError, misc.DisconnectError, misc.ChannelOpenError, ValueError) as problem:
        raise said_of(problem, target, progress) from problem
    return progress.conn.host_key_algorithms_offered() if progress.conn else set()
