"""Jump hosts: one connection each per process, shared by all nodes behind it; alternatives, failover, remembered health."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from aifctl.core.errors import NodeError
from aifctl.core.hop_health import HopHealth
from aifctl.core.outcome import Outcome
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.dialler import Dialler
from aifctl.transport.ssh.target import Resolver, Target

_T = TypeVar("_T")

#: Failures of a dial through a jump host that another jump host may not have: it cannot reach the node, or is gone.
_WORTH_ANOTHER = frozenset({Outcome.NO_ROUTE, Outcome.JUMP})


class JumpHosts:
    """Connections to jump hosts by chain; a dead one is dialled again when the next node needs it."""

    def __init__(self, dialler: Dialler, resolver: Resolver, health: HopHealth, *, timeout_s: float) -> None:
        self._dialler, self._resolver, self._health, self._timeout_s = dialler, resolver, health, timeout_s
        self._hops: dict[str, asyncio.Task[LeanConnection]] = {}

    async def connect(self, target: Target) -> LeanConnection:
        """Dial a node through the first of its alternatives that works; NodeError jump names each that did not."""
        return await self.through(target, lambda hop: self._dialler.connect(target, via=hop))

    async def through(self, target: Target, use: Callable[[LeanConnection], Awaitable[_T]]) -> _T:
        """Give `use` the connection to a target's jump host; on to the next where it can't reach the node."""
        failures: list[str] = []
        chains = self._health.order(target.jump)
        rested = [chain for chain in chains if not self._health.resting(chain)]
        for chain in rested or chains:
            try:
                hop = await self._chain(chain, alternatives=len(chains))
            except NodeError as problem:
                failures.append(f"{chain}: {problem.message}")
                continue
            try:
                return await use(hop)
            except NodeError as problem:
                if problem.outcome not in _WORTH_ANOTHER and not hop.closed:
                    raise
                failures.append(f"{chain}: {problem.message}")
        raise NodeError(Outcome.JUMP, f"no jump host of {target.where} can be used: {'; '.join(failures)}")

    async def close(self) -> None:
        """Leave all jump hosts."""
        tasks, self._hops = list(self._hops.values()), {}
        for task in tasks:
            if not task.done():
                task.cancel()
            elif not task.cancelled() and not task.exception():
                task.result().leave()

    async def _chain(self, chain: str, *, alternatives: int) -> LeanConnection:
        """Return the connection to a chain's last hop; the hops before it are shared as well."""
        hops = [hop.strip() for hop in chain.split(",") if hop.strip()]
        conn: LeanConnection | None = None
        for depth in range(1, len(hops) + 1):
            conn = await self._shared(hops[:depth], via=conn, timeout_s=self._timeout_s / max(1, alternatives))
        if conn is None:
            raise NodeError(Outcome.JUMP, f"{chain!r} names no jump host")
        self._health.worked(chain)
        return conn

    async def _shared(self, hops: Sequence[str], *, via: LeanConnection | None, timeout_s: float) -> LeanConnection:
        key = ",".join(hops)
        task = self._hops.get(key)
        if task is None or (task.done() and _is_dead(task)):
            task = self._hops[key] = asyncio.create_task(self._dial(hops[-1], via, timeout_s, key))
            task.add_done_callback(_look_at)
        # Many nodes wait for one dial; a node that gives up must not end it for the others.
        return await asyncio.shield(task)

    async def _dial(self, hop: str, via: LeanConnection | None, timeout_s: float, key: str) -> LeanConnection:
        try:
            return await self._dialler.connect(self._resolver.hop(hop), via=via, timeout_s=timeout_s)
        except NodeError:
            self._health.failed(key)
            raise


def _look_at(task: asyncio.Task[LeanConnection]) -> None:
    """Take note of a failure that nobody waits for any more, so that asyncio does not report it as forgotten."""
    if not task.cancelled():
        task.exception()


def _is_dead(task: asyncio.Task[LeanConnection]) -> bool:
    return task.cancelled() or task.exception() is not None or task.result().closed
