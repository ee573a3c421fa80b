"""Trying again: nodes on which nothing has started come again after a pause that grows and is never the same twice."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from aifctl.core.outcome import Outcome
from aifctl.fanout.bell import Bell
from aifctl.fanout.source import Source
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.clock import Clock
from aifctl.ports.work import NodeResult

#: What may pass. A refused key or a changed host key does not pass by asking again, and asking locks accounts.
_PASSING = frozenset(
    {
        Outcome.CONNECT_TIMEOUT,
        Outcome.REFUSED,
        Outcome.NO_ROUTE,
        Outcome.THROTTLED,
        Outcome.DNS,
        Outcome.JUMP,
        Outcome.PROTOCOL,
    }
)
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


class RetrySource:
    """Gives a node again, at most `retries` times, while nothing has started on it.

    It stands outermost: what it wraps hears of a node only once its result is the last word, so a node that waits for
    its next try stays in its wave and counts in its budget. What it wraps may therefore be waiting for that very try:
    it is asked in a task of its own, so that a node that is due overtakes it.
    """

    def __init__(
        self, inner: Source, *, retries: int, clock: Clock, jitter: Callable[[], float] = random.random
    ) -> None:
        self._inner, self._retries, self._clock, self._jitter = inner, retries, clock, jitter
        self._given: dict[str, Endpoint] = {}
        self._tries: dict[str, int] = {}
        self._pausing: dict[asyncio.Future[None], NodeResult] = {}
        self._due: deque[Endpoint] = deque()
        self._asked: asyncio.Future[Endpoint | None] | None = None
        self._ended = False
        self._bell = Bell()

    async def next(self) -> Endpoint | None:
        while True:
            if self._due:
                return self._due.popleft()
            if not self._ended and self._ask().done():
                endpoint = self._answer()
                if endpoint is not None:
                    return endpoint
            if self._ended and not self._given:
                return None
            await self._bell.wait()

    def told(self, result: NodeResult) -> NodeResult | None:
        tries = self._tries.pop(result.node, 0) + 1
        if result.outcome not in _PASSING or result.started_at or tries > self._retries:
            return self._final(result, tries)
        self._tries[result.node] = tries
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (tries - 1)) * (0.5 + self._jitter())
        pause = asyncio.ensure_future(self._clock.sleep(pause_s))
        self._pausing[pause] = result
        pause.add_done_callback(self._again)
        return None

    def give_up(self) -> list[NodeResult]:
        """Return, as final, the results of nodes that won't be tried again because the run ends."""
        if self._asked is not None:
            self._asked.cancel()
        results = [*self._pausing.values()]
        for pause in [*self._pausing]:
            pause.cancel()
        self._pausing.clear()
        finals = [self._final(result, self._tries.pop(result.node)) for result in results]
        return [final for final in finals if final is not None]

    def _ask(self) -> asyncio.Future[Endpoint | None]:
        if self._asked is None:
            self._asked = asyncio.ensure_future(self._inner.next())
            self._asked.add_done_callback(lambda _: self._bell.ring())
        return self._asked

    def _answer(self) -> Endpoint | None:
        asked, self._asked = self._ask(), None
        endpoint = asked.result()
        if endpoint is None:
            self._ended = True
        else:
            self._given[endpoint.name] = endpoint
        return endpoint

    def _again(self, pause: asyncio.Future[None]) -> None:
        result = self._pausing.pop(pause, None)
        if result is not None and not pause.cancelled():
            self._due.append(self._given[result.node])
            self._bell.ring()

    def _final(self, result: NodeResult, tries: int) -> NodeResult | None:
        self._given.pop(result.node, None)
        self._bell.ring()
        return self._inner.told(result if tries == 1 else replace(result, attempts=tries))
