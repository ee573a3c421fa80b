"""Nodes that reboot, in the loop's time: away for a while, and back under another boot id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Bytes, Command, Ended, RemoteFiles


@dataclass
class BootingNode:
    """One node.

    Attributes:
        away_s: how long a reboot takes; None never ends.
        goes: the link dies when it is told to reboot; otherwise the command ends first.
        obeys: it does reboot.
        refuses: what it says instead, with exit code `refuses_rc`.
        strict: while it boots, logging in is refused rather than not answered.
        boots_count, told: how often it has booted, and when it was last told to.
    """

    away_s: float | None = 300.0
    goes: bool = True
    obeys: bool = True
    refuses: str = ""
    refuses_rc: int = 1
    strict: bool = False
    boots_count: int = 1
    told_s: float | None = None
    commands: list[str] = field(default_factory=list)

    def is_away(self, now_s: float) -> bool:
        if self.told_s is None:
            return False
        if self.away_s is None or now_s < self.told_s + self.away_s:
            return True
        self.told_s, self.boots_count = None, self.boots_count + 1
        return False


class BootingTransport:
    """Implements ports.transport.Transport over such nodes."""

    def __init__(self, **nodes: BootingNode) -> None:
        self.nodes = nodes
        self.closed_count = 0

    async def dial(self, endpoint: Endpoint) -> BootingLink:
        node = self.nodes[endpoint.name]
        if node.is_away(asyncio.get_running_loop().time()):
            if node.strict:
                raise NodeError(
                    Outcome.AUTH, "System is booting up. Unprivileged users are not permitted to log in yet."
                )
            raise NodeError(Outcome.CONNECT_TIMEOUT, "no answer within 10 s")
        return BootingLink(node)

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        """Have all the keys there are."""

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        return [f"ssh-ed25519 {endpoint.name}"]

    async def close(self) -> None:
        self.closed_count += 1


class BootingLink:
    """Implements ports.transport.Link."""

    def __init__(self, node: BootingNode) -> None:
        self._node = node

    @property
    def alive(self) -> bool:
        return True

    async def answers(self, *, within_s: float) -> bool:
        return within_s > 0

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        assert feed is None, "nothing is streamed to a node that reboots"
        node = self._node
        node.commands.append(command.line)
        if "boot_id" in command.line:
            stdout(f"boot-{node.boots_count}\n".encode())
            return Ended(rc=0)
        if node.refuses:
            stderr(node.refuses.encode())
            return Ended(rc=node.refuses_rc)
        if node.obeys:
            node.told_s = asyncio.get_running_loop().time()
        if node.obeys and node.goes:
            raise NodeError(Outcome.LOST, "the link died")
        return Ended(rc=0)

    def halt(self, why: Outcome) -> None:
        """Nothing here runs long enough."""

    async def open_files(self) -> RemoteFiles:
        raise NodeError(Outcome.PROTOCOL, "no SFTP here")

    def abort(self) -> None:
        """Go without a word."""

    async def close(self) -> None:
        """Go."""
