"""Where a run's nodes come from: a list, and what slows, orders or ends it, each wrapped around the one before.

A source that waits is woken by what it is told: at most one caller waits in `next` at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aifctl.core.outcome import Outcome
from aifctl.fanout.bell import Bell
from aifctl.fanout.source import Source
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult

_NOT_FAILED = frozenset({Outcome.OK, Outcome.SKIPPED, Outcome.CANCELLED})
#: A changing run that meets bugs on more than this share of its nodes stops.
BUG_SHARE = 0.01


class ListSource:
    """The nodes in order."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._next = 0

    async def next(self) -> Endpoint | None:
        if self._next >= len(self._endpoints):
            return None
        endpoint = self._endpoints[self._next]
        self._next += 1
        return endpoint

    def told(self, result: NodeResult) -> NodeResult | None:
        return result


class WaveSource:
    """Gives a wave of nodes, then waits for all their results before the next.

    Args:
        nodes_count: nodes per wave; 0 where `scope` says where a wave ends.
        scope: node name → rack, SU or leaf; the nodes of one must follow each other (see `by_scope`). Nodes without
            one are a wave of their own.
    """

    def __init__(self, inner: Source, *, nodes_count: int = 0, scope: Mapping[str, str] | None = None) -> None:
        self._inner, self._nodes_count, self._scope = inner, nodes_count, scope
        self._held: Endpoint | None = None
        self._given = self._pending = 0
        self._value: str | None = None
        self._bell = Bell()

    async def next(self) -> Endpoint | None:
        endpoint = self._held or await self._inner.next()
        self._held = endpoint  # not lost when the wait below is cancelled
        if endpoint is None:
            return None
        if self._begins_a_wave(endpoint):
            while self._pending:
                await self._bell.wait()
            self._given = 0
        self._held = None
        self._value = self._scope.get(endpoint.name) if self._scope else None
        self._given += 1
        self._pending += 1
        return endpoint

    def told(self, result: NodeResult) -> NodeResult | None:
        final = self._inner.told(result)
        if final is not None:
            self._pending -= 1
            if not self._pending:
                self._bell.ring()
        return final

    def _begins_a_wave(self, endpoint: Endpoint) -> bool:
        if not self._given:
            return False
        if self._scope:
            return self._scope.get(endpoint.name) != self._value
        return self._given >= self._nodes_count


def by_scope(endpoints: Sequence[Endpoint], scope: Mapping[str, str]) -> list[Endpoint]:
    """Return the nodes with those of one scope value together, values in order of first appearance."""
    groups: dict[str | None, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(scope.get(endpoint.name), []).append(endpoint)
    return [endpoint for group in groups.values() for endpoint in group]


class BudgetSource:
    """Never has more nodes in flight than may still fail, so `most_failed` holds whatever happens.

    With `most_failed` 0 nothing can be promised but to stop at the first failure: nodes go one by one.

    Attributes:
        spent: it ended because the budget was used up.
    """

    def __init__(self, inner: Source, most_failed: int) -> None:
        self._inner, self._most = inner, most_failed
        self._failed = self._in_flight = 0
        self.spent = False
        self._bell = Bell()

    async def next(self) -> Endpoint | None:
        while self._in_flight and self._in_flight >= max(self._most, 1) - self._failed:
            await self._bell.wait()
        if self._failed >= max(self._most, 1):
            self.spent = True
            return None
        endpoint = await self._inner.next()
        if endpoint is not None:
            self._in_flight += 1
        return endpoint

    def told(self, result: NodeResult) -> NodeResult | None:
        final = self._inner.told(result)
        if final is not None:
            self._in_flight -= 1
            self._failed += final.outcome not in _NOT_FAILED
            self._bell.ring()
        return final


class BrakeSource:
    """Stops when too many nodes meet bugs of ours; `on_stop` ends the asking, `stopped` says that it did."""

    def __init__(self, inner: Source, *, most_bugs: float, on_stop: Callable[[], None]) -> None:
        self._inner, self._most, self._on_stop = inner, most_bugs, on_stop
        self._bugs = 0
        self.stopped = False

    async def next(self) -> Endpoint | None:
        return None if self.stopped else await self._inner.next()

    def told(self, result: NodeResult) -> NodeResult | None:
        final = self._inner.told(result)
        if result.outcome is Outcome.UNKNOWN:
            self._bugs += 1
            if self._bugs > self._most and not self.stopped:
                self.stopped = True
                self._on_stop()
        return final


class StragglerSource:
    """Watches for the share of nodes after which the rest must hurry; `reached` is set then."""

    def __init__(self, inner: Source, *, share: float, total: int) -> None:
        self._inner = inner
        self._wanted = share * total
        self._settled = 0
        self.reached = asyncio.Event()

    async def next(self) -> Endpoint | None:
        return await self._inner.next()

    def told(self, result: NodeResult) -> NodeResult | None:
        final = self._inner.told(result)
        if final is not None:
            self._settled += 1
            if self._settled >= self._wanted:
                self.reached.set()
        return final


class TakenSource:
    """Tells of each node that leaves it."""

    def __init__(self, inner: Source, taken: Callable[[str], None]) -> None:
        self._inner, self._taken = inner, taken

    async def next(self) -> Endpoint | None:
        endpoint = await self._inner.next()
        if endpoint is not None:
            self._taken(endpoint.name)
        return endpoint

    def told(self, result: NodeResult) -> NodeResult | None:
        return self._inner.told(result)
