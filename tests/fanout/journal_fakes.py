"""Plans, results and a clock for tests of the journal and of what reads it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal import Journal, open_journal
from aifctl.fanout.plan import RunPlan, Tally
from aifctl.fanout.run_ids import claim_run
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Link
from aifctl.ports.work import Desk, NodeResult, Output

TONIGHT = datetime(2026, 11, 24, 0, 35, 12, 345000, tzinfo=UTC)


@dataclass
class TestClock:
    """Stands still until it is told, but for `step_s` each time it is asked."""

    __test__ = False
    at: datetime = TONIGHT
    step_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        self.at += timedelta(seconds=self.step_s)
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds_s: float) -> None:
        self.nap(seconds_s)

    def nap(self, seconds_s: float) -> None:
        self.slept.append(seconds_s)
        self.at += timedelta(seconds=seconds_s)


@dataclass(frozen=True)
class NoWork:
    """A Work that no test of the journal ever performs."""

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        raise NotImplementedError


def chance() -> random.Random:
    return random.Random(7)  # noqa: S311  names of runs, not secrets


def names(count: int) -> list[str]:
    return [f"r{index // 32:03d}n{index % 32:02d}" for index in range(count)]


def plan_for(
    nodes: Sequence[str],
    run_id: str = "20261124-003512-9lab",
    *,
    skipped: Sequence[tuple[str, str]] = (),
    head: Mapping[str, Any] | None = None,
) -> RunPlan:
    return RunPlan(
        run_id=run_id,
        verb="run",
        work=NoWork(),
        endpoints=tuple(Endpoint(name=name, address=name) for name in nodes),
        skipped=tuple(skipped),
        head={"work": {"verb": "run", "line": "uptime"}} if head is None else head,
    )


def output(data: bytes) -> Output:
    return Output(inline=data, bytes_count=len(data), sha256=hashlib.sha256(data).hexdigest())


def ok(node: str, stdout: bytes = b"", stderr: bytes = b"") -> NodeResult:
    return NodeResult(
        node=node,
        outcome=Outcome.OK,
        rc=0,
        started_at=TONIGHT.timestamp(),
        duration_s=0.25,
        stdout=output(stdout) if stdout else Output(),
        stderr=output(stderr) if stderr else Output(),
    )


def failed(node: str, outcome: Outcome) -> NodeResult:
    return NodeResult(node=node, outcome=outcome, message=f"{outcome} happened")


def tally(stopped: ExitCode = ExitCode.OK, **counts: int) -> Tally:
    return Tally(counts={Outcome(key.replace("_", "-")): value for key, value in counts.items()}, stopped=stopped)


def begin(state: StateDir, nodes: Sequence[str], *, clock: TestClock | None = None, **plan: Any) -> Journal:
    """Open the journal of a new run."""
    clock = clock or TestClock()
    run_id = claim_run(state, clock, chance())
    return open_journal(state, plan_for(nodes, run_id, **plan), clock=clock)


def keep_run(
    state: StateDir,
    results: Sequence[NodeResult],
    *,
    lost: Sequence[str] = (),
    never: Sequence[str] = (),
    crashed: bool = False,
    stopped: ExitCode = ExitCode.OK,
    clock: TestClock | None = None,
    resumed_from: str | None = None,
    skipped: Sequence[tuple[str, str]] = (),
    head: Mapping[str, Any] | None = None,
) -> str:
    """Write a whole run: results that ended, nodes that only started, nodes that never did. Returns its id."""
    facts = {"work": {"verb": "run", "line": "uptime"}, **(head or {})}
    if resumed_from:
        facts["resumed_from"] = resumed_from
    nodes = [*(result.node for result in results), *lost, *never]
    journal = begin(state, nodes, clock=clock, head=facts, skipped=skipped)
    for name in lost:
        journal.start(name)
    for result in results:
        if result.started_at:
            journal.start(result.node)
        journal.end(result)
    if crashed:
        journal.close()
    else:
        counts: dict[Outcome, int] = {}
        for result in results:
            counts[result.outcome] = counts.get(result.outcome, 0) + 1
        journal.seal(Tally(counts=counts, stopped=stopped, not_reached=tuple(never)))
    return journal.run_id
