"""Where a bench run keeps its folder, its binary and what it has found out so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from aifctl.sim.bench_cases import percentile
from tests.bench import clients
from tests.bench.figures import Figure, Line, judge, median_of
from tests.bench.fleet import Fleet, light_fleet
from tests.bench.measure import Measured, measure


@dataclass(slots=True, kw_only=True)
class Workbench:
    """Parts take it, measure, and leave lines and figures on it."""

    folder: Path
    binary: Path
    nodes_count: int
    rounds_count: int = 1
    lines: list[Line] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    @contextlib.contextmanager
    def fleet(self, nodes_count: int, *, reply_bytes: int = 0, dead: float = 0) -> Iterator[Fleet]:
        """Run a light fleet."""
        with light_fleet(
            self.binary, self.folder / "fleet", nodes_count, reply_bytes=reply_bytes, dead=dead
        ) as running:
            yield running

    def measure(self, *command: str, stdin: bytes = b"") -> Measured:
        """Measure any command in the bench's own environment."""
        return measure(command, cwd=self.folder, env=clients.environment(self.folder), stdin=stdin)

    def ask(self, client: clients.Client, asked: Fleet) -> tuple[Line, Measured | None]:
        """Measure a client on a fleet and keep its line, the median of its rounds; what the last round said beside."""
        missing = client.missing()
        if missing:
            line, done = Line(client=client.name, nodes_count=len(asked.nodes), missing=missing), None
        else:
            rounds = [self._ask(client, asked) for _ in range(self.rounds_count)]
            line, done = median_of([line for line, _ in rounds]), rounds[-1][1]
        self.lines.append(line)
        return line, done

    def _ask(self, client: clients.Client, asked: Fleet) -> tuple[Line, Measured]:
        env = clients.environment(self.folder) | dict(client.environ(asked))
        done = measure(client.command(asked), cwd=asked.folder, env=env)
        line = judge(client.name, done, nodes=asked.nodes, answered=client.replies(done.stdout) | frozenset(asked.dead))
        if client.durations_s and not line.failed:
            durations_s = client.durations_s(done.stdout)
            line = replace(line, p50_s=percentile(durations_s, 0.5), p99_s=percentile(durations_s, 0.99))
        return line, done
