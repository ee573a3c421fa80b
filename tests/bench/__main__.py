"""make bench: what aifctl costs, beside its peers and its promises. BENCH="--nodes 6250 --only cold" chooses.

Everything runs in a network namespace of its own with nothing in it but loopback. It is the client that is measured:
CPU per node is what to compare; wall time is that of a fleet which shares its cores with the client.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tests.bench import fleet, table
from tests.bench.cold import cold
from tests.bench.figures import Figure, Line, failures
from tests.bench.fleet_wide import dead_nodes, memory, reply_sizes, warm, workers
from tests.bench.judging import judging
from tests.bench.light import light
from tests.bench.simulated import simulated
from tests.bench.sweeping import growth, sweep
from tests.bench.workbench import Workbench

PARTS = {
    "cold": cold,
    "workers": workers,
    "warm": warm,
    "replies": reply_sizes,
    "memory": memory,
    "dead": dead_nodes,
    "light": light,
    "sim": simulated,
    "judging": judging,
    "sweep": sweep,
    "growth": growth,
}

_INSIDE = "AIFCTL_BENCH_INSIDE"


def main(words: Sequence[str]) -> int:
    """Measure, print, and return 1 if a promise is broken."""
    asked = _parser().parse_args(words)
    if os.environ.get(_INSIDE) != "yes":
        return _enclosed(words)
    missing = fleet.missing_for_building()
    if missing:
        sys.stderr.write(f"make bench needs {missing}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="aifctl-bench.") as folder:
        bench = Workbench(
            folder=Path(folder),
            binary=fleet.build(Path(sys.prefix) / "cache/bench"),
            nodes_count=asked.nodes,
            rounds_count=asked.rounds,
        )
        for name in asked.only or PARTS:
            sys.stderr.write(f"{name}…\n")
            PARTS[name](bench)
    text = _render(bench.lines, bench.figures)
    sys.stdout.write(text)
    if asked.write:
        Path(asked.write).write_text(text, encoding="utf-8")
    broken = failures(bench.lines, bench.figures)
    sys.stderr.write("".join(f"broken: {sentence}\n" for sentence in broken))
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--nodes", type=int, default=3000, metavar="N", help="nodes of the cold runs (3000)")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="each figure is the median of N runs (1)")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; repeatable")
    parser.add_argument("--write", metavar="FILE", help="also write the tables there")
    return parser


def _enclosed(words: Sequence[str]) -> int:
    """Run again inside namespaces; an ordinary user makes a user namespace around them."""
    spaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    own = ["unshare", *(["--user", "--map-root-user"] if os.geteuid() else []), *spaces]
    inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "bench", sys.executable, "-m", "tests.bench", *words]
    return subprocess.run([*own, *inside], env=os.environ | {_INSIDE: "yes"}, check=False).returncode


def _render(lines: Sequence[Line], figures: Sequence[Figure]) -> str:
    parts = [table.render_machine(date.today()), ""]  # noqa: DTZ011 (the reader's own calendar)
    if lines:
        parts += [*table.render_lines(lines), ""]
    if figures:
        parts += [*table.render_figures(figures), ""]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
