"""The simulated fleet at full size: how soon every node listens, and what they weigh together."""

from __future__ import annotations

import json

from aifctl.sim.measured import pss_bytes
from tests.bench import clients
from tests.bench.figures import Figure
from tests.bench.workbench import Workbench

_NODES_COUNT = 6250


def simulated(bench: Workbench) -> None:
    """Start it, weigh it, end it."""
    aifctl = clients.aifctl_command()
    up = bench.measure(*aifctl, "sim", "up", f"--nodes={_NODES_COUNT}", "-o", "json")
    failed = "" if up.exit_code == 0 else f"exit {up.exit_code}: {up.stderr.decode(errors='backslashreplace')[-200:]}"
    weight_bytes = 0
    if not failed:
        (record,) = (bench.folder / "state/sim").glob("*/fleet.json")
        pids = [worker["pid"] for worker in json.loads(record.read_text(encoding="utf-8"))["workers"]]
        weight_bytes = sum(pss_bytes(pid) for pid in pids)
        down = bench.measure(*aifctl, "sim", "down")
        failed = "" if down.exit_code == 0 else f"sim down: exit {down.exit_code}"
    name = f"simulated fleet of {_NODES_COUNT:,}"
    for what, promise, unit, value, judged in (
        ("every node listens after", 20, "s", up.cost.wall_s, False),
        ("PSS of all processes", 1.5e9, "bytes", float(weight_bytes), True),
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
