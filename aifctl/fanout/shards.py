"""A run's work spread over worker processes; the parent deals nodes, answers starts and takes results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from aifctl.core.errors import AifctlError, BackendError, NodeError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fanout.bell import Bell
from aifctl.fanout.engine import HALT_GRACE_S
from aifctl.fanout.executor import Spec, Superior
from aifctl.fanout.feed import Growth
from aifctl.fanout.frames import Message
from aifctl.fanout.shard import Shard
from aifctl.fanout.source import Source
from aifctl.fanout.wire import pack_growth, unpack_result
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.clock import Clock
from aifctl.ports.work import NodeResult

#: What workers get beyond the engine's own grace, and after an abort, before they are killed.
_BEYOND_GRACE_S = 5.0
_ABORT_S = 2.0


class ShardedExecutor:
    """As Executor, over `count` processes. Width and dials are shared out evenly; a node stays with its process."""

    def __init__(self, spec: Spec, superior: Superior, clock: Clock, *, count: int, log: Path) -> None:
        self._specs = [_share(spec, index, count) for index in range(count)]
        self._superior, self._clock, self._log = superior, clock, log
        self._shards: list[Shard] = []
        self._homes: dict[str, Shard] = {}
        self._source: Source | None = None
        self._dealing: asyncio.Task[None] | None = None
        self._over = False  # the source is asked no more
        self._stopped = False  # … and what has not started is not dealt again
        self._orders: list[Message] = []  # what was asked for before the shards were there
        self._growth: Growth | None = None
        self._bell = Bell()
        self._news: dict[str, Callable[..., None]] = {
            "credit": self._take_credit,
            "result": self._take_result,
            "back": self._take_back,
            "live": self._take_line,
            "trouble": self._take_trouble,
            "failed": self._take_failure,
        }

    async def run(self, source: Source) -> None:
        """As Executor; AifctlError where a worker could not begin."""
        loop = asyncio.get_running_loop()
        self._source = source
        self._finished: asyncio.Future[None] = loop.create_future()
        try:
            with self._log.open("ab") as log:
                self._log.chmod(0o600)
                self._shards = [self._spawn(spec, log) for spec in self._specs]
            async with asyncio.TaskGroup() as self._group:
                self._dealing = self._group.create_task(self._deal(source))
                await self._finished
                self._dealing.cancel()
        except BaseException as problem:
            self._order("halt", "the run has failed")
            raise _first(problem) from problem
        finally:
            await self._dismiss()
            if not self._log.stat().st_size:
                self._log.unlink()

    def stop(self) -> None:
        """As Executor."""
        self._order("stop")

    def halt(self, why: str) -> None:
        """As Executor."""
        self._order("halt", why)
        asyncio.get_running_loop().call_later(HALT_GRACE_S + _BEYOND_GRACE_S, self._kill)

    def abort(self, why: str) -> None:
        """As Executor."""
        self._order("abort", why)
        asyncio.get_running_loop().call_later(_ABORT_S, self._kill)

    def grow(self, growth: Growth) -> None:
        """As Executor."""
        self._growth = growth
        for shard in self._shards:
            shard.frames.send(("grown", pack_growth(growth)))

    # Dealing

    async def _deal(self, source: Source) -> None:
        while not self._over:
            while not self._can_deal():
                await self._bell.wait()
            endpoint = await source.next()
            if endpoint is None:
                break
            self._hand(endpoint)
        self._over = True
        self._see_if_done()

    def _can_deal(self) -> bool:
        """Whether somebody wants a node; not before all have come up, or the first to do so would get the lot."""
        living = self._living()
        return all(shard.ready for shard in living) and any(shard.credit for shard in living)

    def _hand(self, endpoint: Endpoint) -> None:
        shard = self._homes.get(endpoint.name)
        if shard is None or not shard.alive:
            shard = max(self._living(), key=lambda each: each.credit, default=None)
        if shard is None:
            self._tell(NodeResult(node=endpoint.name, outcome=Outcome.LOCAL, message="no worker process is left"))
            return
        self._homes[endpoint.name] = shard
        shard.deal(endpoint)

    def _living(self) -> list[Shard]:
        return [shard for shard in self._shards if shard.alive]

    # What workers say

    def _received(self, shard: Shard, messages: list[Message]) -> None:
        starts = []
        try:
            for name, *values in messages:
                if name == "start":
                    starts.append(values[0])
                else:
                    self._news[name](shard, *values)
        except BaseException as problem:  # noqa: BLE001 - a loop's callback: what fails here must end `run`
            self._fail(problem)
        if starts and self._finished.done():
            shard.frames.send(("no", starts, Outcome.CANCELLED.value, "the run is over"))
        elif starts:
            self._group.create_task(self._admit(shard, starts))
        self._see_if_done()

    async def _admit(self, shard: Shard, nodes: list[str]) -> None:
        """Journal the starts of one frame together and answer them together."""
        announced_at = self._clock.now().timestamp()
        shard.started.update((node, announced_at) for node in nodes)
        try:
            await self._superior.admit(nodes)
        except NodeError as problem:
            for node in nodes:
                shard.started.pop(node, None)
            shard.frames.send(("no", nodes, problem.outcome.value, problem.message))
        else:
            shard.frames.send(("go", nodes))

    def _take_credit(self, shard: Shard, count: int) -> None:
        shard.ask(count)
        self._bell.ring()

    def _take_result(self, shard: Shard, values: tuple[Any, ...]) -> None:
        result = unpack_result(values)
        shard.settle(result.node)
        self._tell(result)

    def _take_back(self, shard: Shard, nodes: list[str]) -> None:
        for node in nodes:
            shard.settle(node)

    def _take_line(self, _: Shard, node: str, stream: str, line: bytes) -> None:
        self._superior.live(node, stream, line)

    def _take_trouble(self, _: Shard, sentence: str) -> None:
        self._superior.trouble(sentence)

    def _take_failure(self, _: Shard, code: int, message: str) -> None:
        self._fail(_ERRORS.get(ExitCode(code), AifctlError)(message))

    def _tell(self, result: NodeResult) -> None:
        if self._source is not None:
            final = self._source.told(result)
            if final is not None:
                self._superior.each(final)

    # Endings

    def _closed(self, shard: Shard) -> None:
        """A worker is gone. What it had started is lost; what it had not goes to another."""
        dealt, started = dict(shard.dealt), dict(shard.started)
        shard.dealt.clear()
        try:
            if not self._finished.done() and (dealt or not self._living()):
                self._inherit(dealt, started, f"the worker process {shard.ending()}")
        except BaseException as problem:  # noqa: BLE001 - a loop's callback: what fails here must end `run`
            self._fail(problem)
        self._bell.ring()
        self._see_if_done()

    def _inherit(self, dealt: dict[str, Endpoint], started: dict[str, float], how: str) -> None:
        if not self._living() and not self._stopped:
            self._superior.trouble(f"{how} and no other is left; its traceback, if any, is in {self._log}")
        for node, endpoint in dealt.items():
            if node in started:
                self._tell(_lost(node, started[node], how))
            elif not self._stopped:
                self._hand(endpoint)

    def _order(self, *order: str) -> None:
        self._over = self._stopped = True
        if self._dealing is not None and self._dealing is not asyncio.current_task():
            self._dealing.cancel()
        self._orders.append(order)
        for shard in self._shards:
            shard.frames.send(order)
        if self._dealing is not None:
            asyncio.get_running_loop().call_soon(self._see_if_done)

    def _see_if_done(self) -> None:
        if self._over and not self._finished.done() and not any(shard.dealt for shard in self._shards):
            self._finished.set_result(None)

    def _fail(self, problem: BaseException) -> None:
        if not self._finished.done():
            self._finished.set_exception(problem)

    def _kill(self) -> None:
        for shard in self._living():
            shard.kill()

    async def _dismiss(self) -> None:
        """Let the workers say goodbye to their connections and wait until they are gone."""
        for shard in self._living():
            shard.frames.send(("end",))
        deadline = asyncio.get_running_loop().call_later(HALT_GRACE_S, self._kill)
        while self._living():
            await self._bell.wait()
        deadline.cancel()
        for shard in self._shards:
            shard.ending()

    def _spawn(self, spec: Spec, log: IO[bytes]) -> Shard:
        shard = Shard(spec, log=log, received=self._received, closed=self._closed)
        if self._growth is not None:
            shard.frames.send(("grown", pack_growth(self._growth)))
        for order in self._orders:
            shard.frames.send(order)
        return shard


def _share(spec: Spec, index: int, count: int) -> Spec:
    return replace(
        spec,
        width=max(1, spec.width // count + (index < spec.width % count)),
        dial_width=max(1, spec.dial_width // count + (index < spec.dial_width % count)),
    )


def _lost(node: str, started_at: float, how: str) -> NodeResult:
    return NodeResult(
        node=node,
        outcome=Outcome.LOST,
        started_at=started_at,
        message=f"{how} while it worked on this node: what was done there is unknown",
        survivors=None,
    )


def _first(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


_ERRORS: dict[ExitCode, Callable[[str], AifctlError]] = {
    ExitCode.SETUP: SetupError,
    ExitCode.USAGE: UsageError,
    ExitCode.BACKEND: BackendError,
}
