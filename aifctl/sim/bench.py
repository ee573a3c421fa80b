"""bench fanout: what `aifctl run` costs on this machine, against a simulated fleet of its own."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.sim.bench_cases import CASES, Case, Figures

FANOUT_BENCH = Kind(
    name="FanoutBench",
    columns=(
        Column(key="case", title="case", type=FieldType.STRING, about="what was measured"),
        Column(key="nodes_count", title="nodes", right=True, type=FieldType.INTEGER),
        Column(
            key="cpu_ms_per_node", title="CPU ms/node", right=True, type=FieldType.NUMBER,
            about="user and system time of aifctl and all its processes, start and end included",
        ),
        Column(
            key="nodes_per_s", title="nodes/s", right=True, type=FieldType.NUMBER,
            about="nodes by wall time, while the simulated fleet shares the cores",
        ),
        Column(
            key="pss_mib", title="PSS MiB", right=True, type=FieldType.NUMBER,
            about="the most that all its processes held at once, shared pages shared out",
        ),
        Column(key="p50_s", title="p50 s", right=True, type=FieldType.NUMBER, about="one node's command, median"),
        Column(key="p99_s", title="p99 s", right=True, type=FieldType.NUMBER, about="one node's command, 99th percentile"),
        Column(key="result", title="result", type=FieldType.STRING, about="ok, or FAILED: the figures do not count"),
        Column(key="message", title="message", type=FieldType.STRING, about="why it failed"),
    ),
    key="case",
    keeps_order=True,
    about="What `aifctl run` costs a node, one row for each way of running it.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FanoutAsked:
    """How many simulated nodes, and how many runs each figure is the median of."""

    nodes_count: int = 1000
    rounds_count: int = 1


def fanout(asked: FanoutAsked, tools: Toolbox, sink: Sink, cases: Sequence[Case] = CASES) -> Report:
    """Measure every case; exit 1 where one does not count."""
    from aifctl.sim.bench_fleet import NotCountedError, bench_fleet  # noqa: PLC0415  servers: `schema` needs none

    failed_count = 0
    with bench_fleet(asked.nodes_count) as fleet:
        fleet.warm_up()
        sink.open(Head(kind=FANOUT_BENCH, facts={"machine": _machine(), "rounds_count": asked.rounds_count}))
        for number, case in enumerate(cases, start=1):
            tools.note(f"measuring {number} of {len(cases)}: {case.name}")
            try:
                figures = fleet.measure(case, asked.rounds_count)
            except NotCountedError as problem:
                failed_count += 1
                sink.item({**_row(case, asked), "result": "FAILED", "message": str(problem)})
            else:
                sink.item({**_row(case, asked), **_shown(figures), "result": "ok"})
    return Report(
        exit=ExitCode.FINDINGS if failed_count else ExitCode.OK,
        summary={"cases_count": len(cases), "failed_count": failed_count},
        notes=(f"{asked.nodes_count:,} simulated nodes shared this machine with aifctl: {_machine()}",),
    )


def _row(case: Case, asked: FanoutAsked) -> Mapping[str, Any]:
    return {"case": case.name, "nodes_count": asked.nodes_count}


def _shown(figures: Figures) -> Mapping[str, Any]:
    return {
        "cpu_ms_per_node": round(figures.cpu_ms_per_node, 3), "nodes_per_s": round(figures.nodes_per_s),
        "pss_mib": round(figures.pss_bytes / (1 << 20)), "p50_s": round(figures.p50_s, 4),
        "p99_s": round(figures.p99_s, 4),
    }  # fmt: skip


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )
