"""The engine of one process: nodes from a source are dialled, worked on and told about, so many at a time.

Diallers and workers are long-lived tasks: a task, a timer or a lock per node would cost more than all that is done
here for one. At any moment at most one dialler holds the turn to ask the source; it hands the turn on as soon as it
has a node.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fanout import verdicts
from aifctl.fanout.desk import Desks
from aifctl.fanout.dials import Dials
from aifctl.fanout.idle import Idle
from aifctl.fanout.recalls import Recalls, current_task
from aifctl.fanout.source import Source
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Link
from aifctl.ports.work import NodeResult, Work

#: What a work gets to end by itself once it was told to; a command's own grace and its KILL fit into it several times.
HALT_GRACE_S = 15.0

Dial = Callable[[Endpoint], Awaitable[Link]]


@dataclass(slots=True, eq=False)
class _Job:
    endpoint: Endpoint
    link: Link
    task: asyncio.Task[None] | None = None


class FanOut:
    """One fan-out that can be stopped, halted and aborted while it runs.

    It asks `source` for nodes, dials them, does `work` on at most `width` at a time, and tells the source and `each`
    what became of them. An exception of `each` or of the source ends all and is raised.

    Args:
        dial_width: most dials younger than SLOW_DIAL_S at once.
        connections: most nodes connected or being dialled at once, slow dials included; what descriptors allow.
    """

    def __init__(
        self,
        source: Source,
        dial: Dial,
        work: Work,
        *,
        width: int,
        each: Callable[[NodeResult], None],
        desks: Desks,
        dial_width: int = 128,
        connections: int = 1 << 30,
    ) -> None:
        self._source, self._dial, self._work, self._each, self._desks = source, dial, work, each, desks
        self._width, self._connections = width, max(width, connections)
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._dials = Dials(dial_width, aged=self._hand_on)
        self._asking = False  # some dialler holds the turn
        self._in_next: asyncio.Task[None] | None = None  # … and waits for the source
        self._over = False
        self._cut: str | None = None  # why works and dials are cancelled
        self._recalls = Recalls()
        self._held: set[_Job] = set()  # connected nodes, those that wait for a worker included
        self._jobs: deque[_Job] = deque()
        self._workers = 0
        self._idle_diallers: Idle[bool] = Idle()  # handed the turn, or False at the end
        self._idle_workers: Idle[_Job | None] = Idle()
        self._grace: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Return when the source has ended and every node it gave has been told about."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._hand_on()
                self._see_if_done()
                await self._done
                self._idle_diallers.dismiss(False)
                self._idle_workers.dismiss(None)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            self._let_go()

    def stop(self) -> None:
        """Ask the source no more; what it gave is finished."""
        self._over = True
        if self._in_next is not None and self._in_next is not asyncio.current_task():
            self._recalls.recall(self._in_next)
        self._see_if_done()  # with nothing under way nobody else would

    def halt(self, why: str) -> None:
        """Stop, give up dialling, and end what runs on the nodes; it is still waited for and told about.

        `why` stands behind "cancelled: " in the results of nodes that had to be left.
        """
        self.stop()
        if self._cut is not None:
            return
        self._cut = why
        self._desks.halted = True
        for task in self._dials.tasks():
            self._recalls.recall(task)
        for job in self._held:
            job.link.halt(Outcome.CANCELLED)
        self._grace = self._loop.call_later(HALT_GRACE_S, self._leave)

    def abort(self, why: str) -> None:
        """Halt without waiting: connections are dropped, what runs on the nodes may go on."""
        self.halt(why)
        self._leave()

    # Diallers

    async def _dialler(self) -> None:
        """Ask, dial, and again; holds the turn at the top of each round."""
        while (endpoint := await self._ask()) is not None:
            await self._dial_one(endpoint)
            if not await self._turn():
                return

    async def _ask(self) -> Endpoint | None:
        endpoint = None
        if not self._over:
            self._in_next = current_task()
            try:
                endpoint = await self._source.next()
            except asyncio.CancelledError:
                if not self._recalls.was_ours():
                    raise
            finally:
                self._in_next = None
        self._asking = False
        if endpoint is None:
            self._over = True
            self._see_if_done()
        return endpoint

    async def _turn(self) -> bool:
        """Take the turn, or wait until it is handed over; False when there is nothing more to ask for."""
        if self._over:
            return False
        if not self._asking and self._has_room():
            self._asking = True
            return True
        return await self._idle_diallers.wait()

    def _hand_on(self) -> None:
        """Give the turn to a dialler where there is room for one more node."""
        if self._asking or self._over or not self._has_room():
            return
        self._asking = True
        if not self._idle_diallers.hand(True):
            self._group.create_task(self._dialler())

    def _has_room(self) -> bool:
        return (
            self._dials.has_slot()
            and self._dials.young + len(self._held) < self._width
            and self._dials.young + len(self._held) + self._dials.slow < self._connections
        )

    async def _dial_one(self, endpoint: Endpoint) -> None:
        dialling = self._dials.begin(current_task())
        self._hand_on()
        link: Link | None = None
        failure: NodeResult | None = None
        try:
            if self._cut is None:
                link = await self._dial(endpoint)
            else:
                failure = verdicts.cut_before_start(endpoint, self._cut)
        except NodeError as problem:
            failure = verdicts.not_reached(endpoint, problem)
        except asyncio.CancelledError:
            if not self._recalls.was_ours():
                raise
            failure = verdicts.cut_before_start(endpoint, self._why())
        except Exception:  # noqa: BLE001 - a bug is this node's `unknown`, its traceback kept; the run goes on
            failure = verdicts.bug(endpoint.name)
        self._dials.end(dialling, connected=link is not None, throttled=_is_throttled(failure))
        if link is not None:
            self._give_to_worker(_Job(endpoint, link))
        elif failure is not None:
            self._settle(failure)

    # Workers

    def _give_to_worker(self, job: _Job) -> None:
        self._held.add(job)
        if self._idle_workers.hand(job):
            return
        if self._workers < self._width:
            self._workers += 1
            self._group.create_task(self._worker(job))
        else:
            self._jobs.append(job)

    async def _worker(self, first: _Job) -> None:
        job: _Job | None = first
        while job is not None:
            job.task = current_task()
            result = await self._perform(job)
            self._held.discard(job)
            self._settle(result)
            self._hand_on()
            job = self._jobs.popleft() if self._jobs else await self._next_job()

    async def _next_job(self) -> _Job | None:
        return None if self._done.done() else await self._idle_workers.wait()

    async def _perform(self, job: _Job) -> NodeResult:
        if self._cut is not None:
            job.link.abort()
            return verdicts.cut_before_start(job.endpoint, self._cut)
        desk = self._desks(job.endpoint)
        try:
            result = verdicts.completed(await self._work.perform(job.endpoint, job.link, desk), desk)
            result = verdicts.explained(result, self._cut)
        except NodeError as problem:
            result = verdicts.explained(verdicts.failed(job.endpoint, problem, desk), self._cut)
        except asyncio.CancelledError:
            if not self._recalls.was_ours():
                raise
            result = verdicts.cut(job.endpoint, self._why(), desk)
        except Exception:  # noqa: BLE001 - a bug is this node's `unknown`, its traceback kept; the run goes on
            result = verdicts.bug(job.endpoint.name, desk)
        return await self._part_with(job, result)

    async def _part_with(self, job: _Job, result: NodeResult) -> NodeResult:
        """Close the connection of a node that answered, drop any other; a bug in closing is kept beside the result."""
        try:
            if result.outcome in verdicts.CLOSES_WELL:
                await job.link.close()
            else:
                job.link.abort()
        except NodeError:
            job.link.abort()
        except asyncio.CancelledError:
            job.link.abort()
            if not self._recalls.was_ours():
                raise
        except Exception:  # noqa: BLE001 - the node's result stands; the traceback is kept in it
            job.link.abort()
            return verdicts.with_trace(result)
        return result

    # Endings

    def _settle(self, result: NodeResult) -> None:
        final = self._source.told(result)
        if final is not None:
            self._each(final)
        if self._over:
            self._see_if_done()

    def _why(self) -> str:
        return self._cut or "the run is ending"

    def _see_if_done(self) -> None:
        if self._over and not (
            self._asking or self._dials.young or self._dials.slow or self._held or self._done.done()
        ):
            self._done.set_result(None)

    def _leave(self) -> None:
        """Cancel what has not ended in its grace."""
        for job in self._held:
            if job.task is not None:
                job.link.abort()
                self._recalls.recall(job.task)

    def _let_go(self) -> None:
        """Drop timers, and connections where we are leaving with an exception."""
        self._dials.close()
        if self._grace is not None:
            self._grace.cancel()
        for job in self._held:
            job.link.abort()


def _is_throttled(failure: NodeResult | None) -> bool:
    return failure is not None and failure.outcome is Outcome.THROTTLED


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    problem: BaseException = group
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem
