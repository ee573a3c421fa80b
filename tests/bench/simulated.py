"""The simulated fleet at full size: how soon every node listens, and what they weigh when each has been asked."""

from __future__ import annotations

import json
from pathlib import Path

from aifctl.sim.measured import pss_bytes
from tests.bench import clients
from tests.bench.figures import Figure
from tests.bench.measure import Measured
from tests.bench.workbench import Workbench

_NODES_COUNT = 6250


def simulated(bench: Workbench) -> None:
    """Start it, ask each node, weigh it, end it."""
    aifctl = clients.aifctl_command()
    up = bench.measure(*aifctl, "sim", "up", f"--nodes={_NODES_COUNT}", "-o", "json")
    failed, weight_bytes = _failed(up), 0.0
    if not failed:
        (record,) = (bench.folder / "state/sim").glob("*/fleet.json")
        at = ["--inventory", str(record.with_name("inventory.yaml"))]
        asked = bench.measure(*aifctl, "run", "@all", *at, "-o", "json", "--progress=off", "--", "hostname")
        weight_bytes = float(_weight_bytes(record))
        down = bench.measure(*aifctl, "sim", "down")
        failed = _failed(asked) or _failed(down)
    name = f"simulated fleet of {_NODES_COUNT:,}"
    for what, promise, unit, value, judged in (
        ("every node listens after", 20, "s", up.cost.wall_s, False),
        ("PSS of all processes, each node asked", 1.5e9, "bytes", weight_bytes, True),
    ):
        bench.figures.append(
            Figure(
                name=f"{name}: {what}",
                promise=promise,
                unit=unit,
                value=None if failed else value,
                judged=judged,
                failed=failed,
            )
        )


def _failed(done: Measured) -> str:
    said = done.stderr.decode(errors="backslashreplace").strip().splitlines()
    return "; ".join([f"exit {done.exit_code}", *said[-1:]]) if done.exit_code else ""


def _weight_bytes(record: Path) -> int:
    return sum(pss_bytes(worker["pid"]) for worker in json.loads(record.read_text(encoding="utf-8"))["workers"])
