"""What a sweep costs at full size, what it leaves in the store, and what reading it back costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench import clients
from tests.bench.figures import Figure, Line
from tests.bench.measure import Measured
from tests.bench.workbench import Workbench

_NODES_COUNT = 6250
#: Many small sweeps say how the store grows; the size of the fleet is no matter then.
_GROWTH_NODES_COUNT, _GROWTH_SWEEPS_COUNT = 256, 100


def sweep(bench: Workbench) -> None:
    """Sweep the simulated fleet: once to bring the probe and the first facts, then as cron does."""
    aifctl, failed = clients.aifctl_command(), ""
    up = bench.measure(*aifctl, "sim", "up", f"--nodes={_NODES_COUNT}", "-o", "json")
    first = again = status = up
    if not up.exit_code:
        at = _inventory(bench)
        first = bench.measure(*aifctl, "sweep", *at, "-o", "json", "--progress=off")
        again = bench.measure(*aifctl, "sweep", *at, "-o", "json", "--progress=off")
        status = bench.measure(*aifctl, "status", *at, "--map")
        failed = _unswept(first, _NODES_COUNT) or _unswept(again, _NODES_COUNT) or _failed(status)
        bench.measure(*aifctl, "sim", "down")
    failed = _failed(up) or failed
    for name, done in (("the first", first), ("the next", again)):
        bench.lines.append(_line(f"aifctl sweep, {name}", done, failed))
    per_node_ms = again.cost.cpu_s / _NODES_COUNT * 1e3
    bench.figures += [
        _figure("sweep of 6,250 nodes: CPU per node", 6.0, "ms", per_node_ms, failed, judged=False),
        _figure("sweep of 6,250 nodes: memory, PSS of all processes", 500e6, "bytes", again.cost.pss_bytes, failed),
        _figure("status --map of 6,250 nodes: CPU", 0.5, "s", status.cost.cpu_s, failed, judged=False),
    ]


def growth(bench: Workbench) -> None:
    """Sweep a small fleet a hundred times: what a node and sweep leave behind where only noise has moved."""
    aifctl = clients.aifctl_command()
    up = bench.measure(*aifctl, "sim", "up", f"--nodes={_GROWTH_NODES_COUNT}", "-o", "json")
    failed, grown = _failed(up), 0.0
    if not failed:
        at = _inventory(bench)
        before_bytes = 0
        for number in range(_GROWTH_SWEEPS_COUNT + 1):
            done = bench.measure(*aifctl, "sweep", *at, "-o", "json", "--progress=off")
            failed = failed or _unswept(done, _GROWTH_NODES_COUNT)
            if not number:
                before_bytes = _store_bytes(bench)
        grown = (_store_bytes(bench) - before_bytes) / (_GROWTH_NODES_COUNT * _GROWTH_SWEEPS_COUNT)
        bench.measure(*aifctl, "sim", "down")
    name = f"store: bytes a node and sweep, mean of {_GROWTH_SWEEPS_COUNT} sweeps"
    bench.figures.append(_figure(name, 1024, "B", grown, failed))


def _inventory(bench: Workbench) -> tuple[str, ...]:
    (record,) = (bench.folder / "state/sim").glob("*/fleet.json")
    return ("--inventory", str(record.with_name("inventory.yaml")))


def _unswept(done: Measured, nodes_count: int) -> str:
    """Return why a sweep does not count: it does only where every node answered and is healthy."""
    if done.exit_code:
        return _failed(done)
    report: dict[str, Any] = json.loads(done.stdout)
    results = [item["result"] for item in report["items"]]
    well = results.count("ok")
    return "" if well == len(results) == nodes_count else f"{well} of {nodes_count} nodes are ok"


def _failed(done: Measured) -> str:
    said = done.stderr.decode(errors="backslashreplace").strip().splitlines()
    return "; ".join([f"exit {done.exit_code}", *said[-1:]]) if done.exit_code else ""


def _line(client: str, done: Measured, failed: str) -> Line:
    return Line(
        client=client,
        nodes_count=_NODES_COUNT,
        failed=failed,
        cpu_ms=done.cost.cpu_s / _NODES_COUNT * 1e3,
        nodes_per_s=_NODES_COUNT / done.cost.wall_s,
        pss_bytes=done.cost.pss_bytes,
        wall_s=done.cost.wall_s,
    )


def _figure(name: str, promise: float, unit: str, value: float, failed: str, *, judged: bool = True) -> Figure:
    return Figure(name=name, promise=promise, unit=unit, value=None if failed else value, judged=judged, failed=failed)


def _store_bytes(bench: Workbench) -> int:
    """Return what the store takes on the disk, its log included; the journals of runs are not its."""
    state = bench.folder / "state"
    files = [path for path in state.rglob("*") if path.is_file() and _is_stores(path.relative_to(state))]
    return sum(path.stat().st_size for path in files)


def _is_stores(path: Path) -> bool:
    return path.parts[0].startswith("store") and not path.name.endswith("-shm")
