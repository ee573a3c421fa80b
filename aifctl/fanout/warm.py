"""Connections that stay open between the runs of one process: a shell's rounds, and whatever else comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.clock import Clock
from aifctl.ports.transport import Bytes, Command, Ended, Link, RemoteFiles, Transport

#: A connection that has been idle longer is asked whether it is still there: firewalls forget, nodes lose their power.
_FRESH_S = 30.0
_ANSWER_S = 2.0


class WarmTransport:
    """A Transport whose links, when closed, wait for the next dial of the same endpoint.

    `close`, which every run calls at its end, keeps them; `leave` drops them. All runs must share one event loop.

    Args:
        most_idle: how many may wait; further ones are really closed.
    """

    def __init__(self, inner: Transport, *, clock: Clock, most_idle: int) -> None:
        self._inner, self._clock, self._most_idle = inner, clock, most_idle
        self._idle: dict[Endpoint, tuple[Link, float]] = {}

    @property
    def idle_count(self) -> int:
        return len(self._idle)

    async def dial(self, endpoint: Endpoint) -> Link:
        """Return the link that waits for this endpoint, if it still works, or a new one."""
        link, since_s = self._idle.pop(endpoint, (None, 0.0))
        if link is not None:
            await asyncio.sleep(0)  # the loop stood still between two runs: let it see who has hung up
            if link.alive and (self._is_fresh(since_s) or await link.answers(within_s=_ANSWER_S)):
                return WarmLink(link, self, endpoint)
            link.abort()
        return WarmLink(await self._inner.dial(endpoint), self, endpoint)

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        self._inner.check(endpoints)

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        return await self._inner.scan(endpoint)

    async def close(self) -> None:
        """Keep everything for the next run."""

    async def leave(self) -> None:
        """Close what waits, and all that is shared."""
        idle, self._idle = self._idle, {}
        for link, _ in idle.values():
            await link.close()
        await self._inner.close()

    async def keep(self, endpoint: Endpoint, link: Link) -> None:
        """Take a link back that nobody uses any more."""
        if link.alive and endpoint not in self._idle and len(self._idle) < self._most_idle:
            self._idle[endpoint] = (link, self._clock.monotonic_s())
        else:
            await link.close()

    def _is_fresh(self, since_s: float) -> bool:
        return self._clock.monotonic_s() - since_s < _FRESH_S


class WarmLink:
    """A Link that goes back to its WarmTransport when it is closed; one that is aborted is gone for good."""

    __slots__ = ("_endpoint", "_link", "_owner")

    def __init__(self, link: Link, owner: WarmTransport, endpoint: Endpoint) -> None:
        self._link, self._owner, self._endpoint = link, owner, endpoint

    @property
    def alive(self) -> bool:
        return self._link.alive

    async def answers(self, *, within_s: float) -> bool:
        return await self._link.answers(within_s=within_s)

    async def execute(
        self, command: Command, *, stdout: Bytes, stderr: Bytes, feed: AsyncIterator[bytes] | None = None
    ) -> Ended:
        return await self._link.execute(command, stdout=stdout, stderr=stderr, feed=feed)

    def halt(self, why: Outcome) -> None:
        self._link.halt(why)

    async def open_files(self) -> RemoteFiles:
        return await self._link.open_files()

    def abort(self) -> None:
        self._link.abort()

    async def close(self) -> None:
        await self._owner.keep(self._endpoint, self._link)
