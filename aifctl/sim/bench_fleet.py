"""Where `bench fanout` measures: a simulated fleet and a state directory of its own, both gone at the end."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.bench_cases import Case, Figures, Replies, figures, judge, median_of, read_replies, warm_figures
from aifctl.sim.measured import Cost, measure
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec

#: A node costs this machine 10 ms or so, nodes and client together; ten times that, and an ample floor.
_LONGEST_S, _LONGEST_PER_NODE_S = 120.0, 0.1


class NotCountedError(Exception):
    """A measurement that does not count; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFleet:
    """A running fleet and the environment in which aifctl knows it and nothing of this person's settings."""

    folder: Path
    handle: SimHandle
    nodes: tuple[str, ...]
    environ: Mapping[str, str]

    def measure(self, case: Case, rounds_count: int) -> Figures:
        """Measure one case; NotCountedError where one of its rounds does not count."""
        faulty: frozenset[str] = frozenset()
        if case.fault:
            answers = processes.tell(self.handle, {"verb": "plant", "text": case.fault})
            faulty = frozenset(name for answer in answers for name in answer["nodes"])
        try:
            measured = self._warm if case.warm else self._cold
            return median_of([measured(case, faulty) for _ in range(rounds_count)])
        finally:
            if case.fault:
                processes.tell(self.handle, {"verb": "cure", "kind": None, "where": ""})

    def warm_up(self) -> None:
        """Have the inventory compiled, as it is for whoever ran one command before."""
        cost, _ = self._run(["nodes", "@all", "-o", "jsonl"], b"", None)
        if cost.exit_code:
            raise SetupError(f"aifctl can't read its simulated fleet: {cost.stderr.decode(errors='backslashreplace')}")

    def _cold(self, case: Case, faulty: frozenset[str]) -> Figures:
        words = ["run", "@all", *case.options, "-o", "jsonl", "--progress=off", "--", case.command]
        cost, replies = self._run(words, b"", case)
        self._judge(case, cost, replies, faulty, 1)
        return figures(cost, replies, nodes_count=len(self.nodes))

    def _warm(self, case: Case, faulty: frozenset[str]) -> Figures:
        words = ["shell", "@all", f"--width={len(self.nodes)}", *case.options, "-o", "jsonl", "--progress=off"]
        first, _ = self._answered(words, case, faulty, commands_count=1)
        all_, replies = self._answered(words, case, faulty, commands_count=1 + case.warm)
        return warm_figures(first, all_, replies, nodes_count=len(self.nodes), commands_count=case.warm)

    def _answered(
        self, words: list[str], case: Case, faulty: frozenset[str], *, commands_count: int
    ) -> tuple[Cost, Replies]:
        cost, replies = self._run(words, f"{case.command}\n".encode() * commands_count, case)
        self._judge(case, cost, replies, faulty, commands_count)
        return cost, replies

    def _judge(self, case: Case, cost: Cost, replies: Replies, faulty: frozenset[str], commands_count: int) -> None:
        failed = judge(case, cost, replies, nodes=self.nodes, faulty=faulty, commands_count=commands_count)
        if failed:
            raise NotCountedError(failed)

    def _run(self, words: list[str], stdin: bytes, case: Case | None) -> tuple[Cost, Replies]:
        command = [sys.executable, "-m", "aifctl", *words]
        longest_s = _LONGEST_S + _LONGEST_PER_NODE_S * len(self.nodes)
        with tempfile.TemporaryFile(dir=self.folder) as out:
            cost = measure(command, stdout=out, env=self.environ, cwd=self.folder, stdin=stdin, timeout_s=longest_s)
            out.seek(0)
            try:
                replies = read_replies(out, case) if case else Replies()
            except (ValueError, KeyError, TypeError):
                replies = Replies()  # no report: `judge` then says exit code, or that no reply arrived
        shutil.rmtree(self.folder / "state/runs", ignore_errors=True)  # 64 KB from each node, kept each time
        return cost, replies


@contextmanager
def bench_fleet(nodes_count: int) -> Iterator[BenchFleet]:
    """Run a fleet as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="aifctl-bench-") as name:
        folder = Path(name)
        state = StateDir(path=folder / "state")
        # Tied: the nodes end with this process even where it is killed and gets no chance to say so.
        handle = processes.up(FleetSpec(name="bench", nodes_count=nodes_count), state, tied=True)
        try:
            nodes = tuple(place.name for place in handle.layout.places())
            yield BenchFleet(folder=folder, handle=handle, nodes=nodes, environ=_environ(handle, state))
        finally:
            processes.down(handle, state)


def _environ(handle: SimHandle, state: StateDir) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIFCTL_", "XDG_", "SSH_"))}
    paths = (str(Path(__file__).parents[2]), kept.get("PYTHONPATH", ""))
    return {
        **kept, "AIFCTL_INVENTORY": str(handle.files.inventory), "AIFCTL_STATE_DIR": str(state.path),
        "XDG_CONFIG_HOME": str(state.path), "AIFCTL_SSH_CONFIG": "", "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }  # fmt: skip
