"""What an operator waits for before anything happens on a node: the fleet read, a name completed, names folded."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import clients
from tests.bench.figures import Figure
from tests.bench.workbench import Workbench

_INVENTORY = Path(__file__).resolve().parents[2] / "inventory/ai-factory-50k"

# A run of this prints the CPU seconds that folding alone took, names made beforehand.
_FOLD = """
import time
from aifctl.fleet.nodeset import fold
names = [{name} for i in range(50_000)]
started = time.process_time()
text = fold(names)
print(time.process_time() - started)
"""

# Prints the CPU seconds until a command sees the fleet, what it imports for that included, and the number of its nodes.
_SEE = """
import time
started = time.process_time()
import sys
from pathlib import Path
from aifctl.core.state_dir import StateDir
from aifctl.roster.roster import FileRoster
count = len(FileRoster(StateDir(path=Path(sys.argv[2])), list).load(Path(sys.argv[1])).fleet)
print(time.process_time() - started, count)
"""


def light(bench: Workbench) -> None:
    """Measure the light paths on the inventory of 6,250 nodes, its cache warm."""
    aifctl = clients.aifctl_command()
    at = ["--inventory", str(_INVENTORY)]
    bench.measure(*aifctl, "nodes", "@all", "-o", "count", *at)  # fills the cache
    _cpu(bench, "nodes @all -o count, 6,250 nodes: CPU", 0.35, [*aifctl, "nodes", "@all", "-o", "count", *at], b"6250")
    _cpu(bench, "--help: CPU", 0.5, [*aifctl, "--help"], b"run")
    for word, proof in (("@rack:", b"@rack:r00"), ("r0001n0", b"r0001n01")):
        command = [*aifctl, "__complete", "selector", word, *at]
        _cpu(bench, f"completing {word}, 6,250 nodes: CPU", 0.15, command, proof)
    see = [sys.executable, "-c", _SEE, str(_INVENTORY), str(bench.folder / "seen")]
    bench.measure(*see)  # fills the cache
    done = bench.measure(*see)
    seen_s, _, count = done.stdout.decode().strip().partition(" ")
    _figure(
        bench,
        "seeing a fleet of 6,250: CPU",
        0.15,
        float(seen_s) if count == "6250" else None,
        f"exit {done.exit_code}",
    )
    for shape, name in {"1-D": 'f"n{i:05}"', "2-D": 'f"r{i // 32:04}n{i % 32:02}"'}.items():
        done = bench.measure(sys.executable, "-c", _FOLD.format(name=name))
        value = float(done.stdout) if done.exit_code == 0 else None
        _figure(bench, f"folding 50,000 names, {shape}: CPU", 0.3, value, f"exit {done.exit_code}")


def _cpu(bench: Workbench, name: str, promise: float, command: list[str], proof: bytes) -> None:
    done = bench.measure(*command)
    earned = done.exit_code == 0 and proof in done.stdout
    _figure(bench, name, promise, done.cost.cpu_s if earned else None, f"exit {done.exit_code}")


def _figure(bench: Workbench, name: str, promise: float, value: float | None, failed: str) -> None:
    bench.figures.append(Figure(name=name, promise=promise, unit="s", value=value, judged=False, failed=failed))
