"""The matrix of planted faults: every kind on many nodes of a simulated fleet, swept by the commands themselves.

`python -m tests.bench.faults --nodes 6250 --each 20` prints it; 1 where a fault was missed, a healthy node accused, or
what is wide not told as one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from tests.command import Operator
from tests.health.planted_faults import Plan, Row, Told, judge, plan, render, usual_wide

_SWEEP_S = 600.0
_WELL = frozenset({"ok", "watch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What came of it. `wrong`: healthy nodes that something was said of; `early`: incidents before anything was planted."""

    rows: tuple[Row, ...]
    wrong: Mapping[str, str]
    early: int
    healthy_count: int

    @property
    def broken(self) -> list[str]:
        """Return a sentence for each promise that does not hold."""
        found = [
            f"{row.fault}: missed on {len(row.missed)} of {row.planted_count} nodes" for row in self.rows if row.missed
        ]
        found += [f"healthy {node} is accused: {why}" for node, why in sorted(self.wrong.items())]
        return found + ([f"{self.early} incidents on a healthy fleet"] if self.early else [])

    def text(self) -> str:
        return "\n".join(render(self.rows, healthy_count=self.healthy_count, wrong=self.wrong)) + "\n"


def measure(folder: Path, planned: Plan, *, nodes_count: int) -> Matrix:
    """Start a fleet, sweep it healthy and sick, end it."""
    with _fleet(folder, nodes_count) as handle:
        operator = Operator(home=folder / "home")
        operator.home.mkdir()
        operator.prepare_environ(handle.files.inventory)
        _sweep(operator)
        early = len(_incidents(operator))
        for text in planned.plantings():
            processes.tell(handle, {"verb": "plant", "text": text})
        items = _sweep(operator)
        incidents = [
            (one["check"], one["scope"], one["scope_value"], frozenset(one["names"])) for one in _incidents(operator)
        ]
    named = {one["node"]: frozenset(finding["check"] for finding in one["findings"]) for one in items}
    wrong = {one["node"]: f"{one['result']}, {one['check']}: {one['message']}" for one in items
             if one["node"] in planned.healthy and one["result"] not in _WELL}  # fmt: skip
    rows = tuple(judge(planned, Told(named=named, incidents=incidents)))
    return Matrix(rows=rows, wrong=wrong, early=early, healthy_count=len(planned.healthy))


@contextmanager
def _fleet(folder: Path, nodes_count: int) -> Iterator[SimHandle]:
    state = StateDir(path=folder / "fleet")
    handle = processes.up(FleetSpec(name="matrix", nodes_count=nodes_count), state, tied=True)
    try:
        yield handle
    finally:
        processes.down(handle, state)


def _sweep(operator: Operator) -> list[dict[str, Any]]:
    said = operator.json("sweep", "@all", "--progress=off", timeout_s=_SWEEP_S)
    assert said.code in {0, 1, 3}, said.err
    return list(said.envelope()["items"])


def _incidents(operator: Operator) -> list[dict[str, Any]]:
    return list(operator.json("incident", "list", timeout_s=_SWEEP_S).envelope()["items"])


def main(words: Sequence[str]) -> int:
    """Print the matrix; 1 where it does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.faults", description=__doc__)
    parser.add_argument("--nodes", type=int, default=6250, metavar="N", help="how many nodes (6250)")
    parser.add_argument("--each", type=int, default=20, metavar="N", help="of each kind on so many nodes (20)")
    asked = parser.parse_args(words)
    planned = plan(asked.nodes, each=asked.each, wide=usual_wide(asked.nodes))
    with tempfile.TemporaryDirectory(prefix="aifctl-faults.") as folder:
        matrix = measure(Path(folder), planned, nodes_count=asked.nodes)
    sys.stdout.write(matrix.text())
    sys.stderr.write("".join(f"broken: {sentence}\n" for sentence in matrix.broken))
    return 1 if matrix.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
