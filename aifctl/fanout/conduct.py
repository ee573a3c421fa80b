"""One run from beginning to end: sources stacked, an executor chosen, every result journalled, shown and counted."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from aifctl.core.errors import NodeError, SetupError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fanout.executor import Executor, LocalExecutor, OpenTransport, Spec
from aifctl.fanout.feed import spool
from aifctl.fanout.halt import Halt
from aifctl.fanout.journal_format import OUTPUT
from aifctl.fanout.live_lines import Live
from aifctl.fanout.plan import Pacing, RunPlan, Tally
from aifctl.fanout.record import Journal
from aifctl.fanout.retry import RetrySource
from aifctl.fanout.shards import ShardedExecutor
from aifctl.fanout.source import Source
from aifctl.fanout.sources import (
    BUG_SHARE,
    BrakeSource,
    BudgetSource,
    ListSource,
    StragglerSource,
    TakenSource,
    WaveSource,
    by_scope,
)
from aifctl.ports.clock import Clock
from aifctl.ports.progress import Progress
from aifctl.ports.work import NodeResult, Output

#: Below this, starting a second process costs more than it saves; above, each should have at least half as many.
_SHARD_FROM_COUNT = 500
_MOST_WORKERS = 16
_SPOOL = "stdin"
_WORKER_LOG = "workers.log"


async def conduct(
    plan: RunPlan,
    *,
    open_transport: OpenTransport,
    journal: Journal,
    folder: Path,
    clock: Clock,
    progress: Progress,
    each: Callable[[NodeResult], None],
    halt: Halt,
    live: Live | None = None,
    stdin: BinaryIO | None = None,
) -> Tally:
    """Do all of a plan and return how it ended; every node is told to `each` once or stands in `Tally.not_reached`.

    `open_transport` must be picklable if there may be more than one process; its module is all of the transport that
    a sharded run's parent imports. `folder` is the run's own: large output, the spooled stdin and the workers' stderr
    go there. `each` is called in order of arrival, skipped nodes first; what it raises ends the run and is raised.
    `stdin` is broadcast to every node.

    Raises:
        SetupError: fewer descriptors than one node needs, or a transport that can't be opened.
    """
    return await _Run(plan, journal=journal, clock=clock, progress=progress, each=each, live=live).conduct(
        open_transport, folder=folder, halt=halt, stdin=stdin
    )


def worker_count(pacing: Pacing, *, nodes_count: int, cores_count: int) -> int:
    """Return how many processes share a run: as asked, or one under 500 nodes, else one per core."""
    if pacing.workers:
        wanted = pacing.workers
    elif nodes_count < _SHARD_FROM_COUNT:
        wanted = 1
    else:
        wanted = min(cores_count, _MOST_WORKERS, nodes_count // (_SHARD_FROM_COUNT // 2))
    return max(1, min(wanted, nodes_count, pacing.width))


def make_folder(folder: Path) -> Path:
    """Return the folder for the nodes' output, made where it is missing; SetupError where that can't be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise SetupError(f"the folder {folder} for the nodes' output can't be made: {problem.strerror}") from problem
    return folder


class _Run:
    """The run's one owner of source, journal and report; executors see it as their Superior."""

    def __init__(
        self,
        plan: RunPlan,
        *,
        journal: Journal,
        clock: Clock,
        progress: Progress,
        each: Callable[[NodeResult], None],
        live: Live | None,
    ) -> None:
        self._plan, self._journal, self._clock, self._progress = plan, journal, clock, progress
        self._show, self._live = each, live
        self._counts: Counter[Outcome] = Counter()
        self._settled: set[str] = set()
        self._stopped, self._reason = ExitCode.OK, ""
        self._executor: Executor
        self._budget: BudgetSource | None = None
        self._stragglers: StragglerSource | None = None
        self._retry: RetrySource | None = None

    async def conduct(
        self, open_transport: OpenTransport, *, folder: Path, halt: Halt, stdin: BinaryIO | None
    ) -> Tally:
        self._progress.tell("run_started", run=self._plan.run_id, total=len(self._plan.endpoints))
        spec = self._spec(open_transport, folder, stdin)
        self._executor = self._choose(spec, folder)
        for node, reason in self._plan.skipped:  # the journal has them in its head
            self._counts[Outcome.SKIPPED] += 1
            self._show(NodeResult(node=node, outcome=Outcome.SKIPPED, message=reason, attempts=0))
        source = self._sources()
        halt.listen(lambda: self._obey(halt))
        try:
            await self._execute(source, self._watches(spec, stdin))
        finally:
            halt.listen(None)
            if self._retry:
                for result in self._retry.give_up():
                    self.each(result)
        return self._close()

    # What executors ask and tell

    async def admit(self, nodes: Sequence[str]) -> None:
        try:
            for node in nodes:
                self._journal.start(node)
            if self._plan.changing:
                await self._journal.durable()
        except SetupError as problem:
            self.trouble(str(problem))
            raise NodeError(Outcome.LOCAL, f"not started: {problem}") from problem

    def each(self, result: NodeResult) -> None:
        self._settled.add(result.node)
        self._counts[result.outcome] += 1
        told = result if self._plan.keeping.journalled else replace(result, stdout=Output())
        self._guarded(lambda: self._journal.end(told))
        self._show(result)
        self._progress.tell("node_finished", node=result.node, outcome=result.outcome)

    def live(self, node: str, stream: str, line: bytes) -> None:
        if self._live:
            self._live(node, stream, line)

    def trouble(self, sentence: str) -> None:
        self._stop(ExitCode.SETUP, sentence)

    # Composition

    def _spec(self, open_transport: OpenTransport, folder: Path, stdin: BinaryIO | None) -> Spec:
        keeping = self._plan.keeping
        if keeping.outdir is not None:
            keeping = replace(keeping, outdir=str(make_folder(Path(keeping.outdir).absolute())))
        return Spec(
            open_transport=open_transport,
            work=self._plan.work,
            keeping=keeping,
            output_folder=str(make_folder(folder / OUTPUT)),
            width=self._plan.pacing.width,
            dial_width=self._plan.pacing.dial_width,
            spool=str(folder / _SPOOL) if stdin else None,
            changing=self._plan.changing,
            live=self._live is not None,
        )

    def _choose(self, spec: Spec, folder: Path) -> Executor:
        cores_count = len(os.sched_getaffinity(0))
        count = worker_count(self._plan.pacing, nodes_count=len(self._plan.endpoints), cores_count=cores_count)
        if count == 1:
            return LocalExecutor(spec, self, self._clock)
        return ShardedExecutor(spec, self, self._clock, count=count, log=folder / _WORKER_LOG)

    def _sources(self) -> Source:
        """Stack the sources; the innermost is the list, the outermost the one that the executor asks."""
        pacing, endpoints = self._plan.pacing, self._plan.endpoints
        source: Source = ListSource(by_scope(endpoints, pacing.wave_scope) if pacing.wave_scope else endpoints)
        if pacing.wave or pacing.wave_scope:
            source = WaveSource(source, nodes_count=pacing.wave, scope=pacing.wave_scope or None)
        if pacing.max_failed is not None:
            source = self._budget = BudgetSource(source, pacing.max_failed)
        if pacing.stragglers:
            share, _ = pacing.stragglers
            source = self._stragglers = StragglerSource(source, share=share, total=len(endpoints))
        if self._plan.changing:
            source = BrakeSource(source, most_bugs=len(endpoints) * BUG_SHARE, on_stop=self._brake)
        source = TakenSource(source, taken=lambda node: self._progress.tell("node_started", node=node))
        if pacing.retries:
            source = self._retry = RetrySource(source, retries=pacing.retries, clock=self._clock)
        return source

    def _watches(self, spec: Spec, stdin: BinaryIO | None) -> list[Coroutine[Any, Any, None]]:
        watches = []
        if self._plan.pacing.deadline_s is not None:
            watches.append(self._watch_deadline(self._plan.pacing.deadline_s))
        if self._stragglers and self._plan.pacing.stragglers:
            watches.append(self._watch_stragglers(self._stragglers, self._plan.pacing.stragglers))
        if stdin and spec.spool:
            watches.append(spool(stdin, Path(spec.spool), tell=self._executor.grow))
        return watches

    async def _execute(self, source: Source, watches: list[Coroutine[Any, Any, None]]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(watch) for watch in watches]
                await self._executor.run(source)
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from problems

    # Endings

    async def _watch_deadline(self, deadline_s: float) -> None:
        await self._clock.sleep(deadline_s)
        reason = f"the run's deadline of {deadline_s:g} s has passed"
        self._stop(ExitCode.DEADLINE, reason)
        self._executor.halt(reason)

    async def _watch_stragglers(self, stragglers: StragglerSource, rule: tuple[float, float]) -> None:
        share, wait_s = rule
        await stragglers.reached.wait()
        await self._clock.sleep(wait_s)
        self._executor.halt(f"cut off as a straggler, {wait_s:g} s after {share:.4g} of the nodes were done")

    def _obey(self, halt: Halt) -> None:
        code = halt.asked or ExitCode.SIGINT
        self._stop(code, f"stopped by {code.name}")
        if halt.at_once:
            self._executor.abort(f"left at once after a second {code.name}")
        else:
            self._executor.halt(f"stopped by {code.name}")

    def _brake(self) -> None:
        self._stop(
            ExitCode.BUG,
            f"more than {BUG_SHARE:.0%} of the nodes met a bug of ours: no more are started; each one's traceback stands in "
            f"`aifctl runs show {self._plan.run_id} -o json`",
        )

    def _stop(self, code: ExitCode, reason: str) -> None:
        """Dispatch no more; the first reason counts."""
        if self._stopped is not ExitCode.OK:
            return
        self._stopped, self._reason = code, reason
        self._executor.stop()
        self._guarded(lambda: self._journal.stop(reason))

    def _guarded(self, write: Callable[[], None]) -> None:
        """Write to the journal; where that fails nothing more is started, and the report goes on."""
        try:
            write()
        except SetupError as problem:
            self.trouble(str(problem))

    def _close(self) -> Tally:
        not_reached = tuple(each.name for each in self._plan.endpoints if each.name not in self._settled)
        if not_reached and self._budget and self._budget.spent and self._stopped is ExitCode.OK:
            self._stopped = ExitCode.REFUSED
            self._reason = f"the budget of {self._plan.pacing.max_failed} failed nodes is used up"
            self._guarded(lambda: self._journal.stop(self._reason))
        tally = Tally(counts=dict(self._counts), stopped=self._stopped, not_reached=not_reached, reason=self._reason)
        self._guarded(lambda: self._journal.seal(tally))
        self._progress.tell("run_finished", run=self._plan.run_id, stopped=self._stopped)
        return tally
