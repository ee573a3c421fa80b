"""The tables that the README shows, in Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from tests.bench.figures import Figure, Line


def render_lines(lines: Sequence[Line]) -> Iterator[str]:
    """Return one row per client."""
    yield "| client | nodes | CPU ms/node | nodes/s | memory MB | p50 ms | p99 ms |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for line in lines:
        if line.failed:
            yield f"| {line.client} | {line.nodes_count:,} | FAILED: {line.failed.replace('|', '/')} | | | | |"
            continue
        if line.missing:
            yield f"| {line.client} | | not measured: {line.missing} | | | | |"
            continue
        cells = [f"{line.cpu_ms:.2f}", f"{line.nodes_per_s:,.0f}", f"{line.pss_bytes / 1e6:.0f}"]
        cells += [f"{value * 1e3:.0f}" if value is not None else "" for value in (line.p50_s, line.p99_s)]
        yield f"| {line.client} | {line.nodes_count:,} | {' | '.join(cells)} |"


def render_figures(figures: Sequence[Figure]) -> Iterator[str]:
    """Return one row per promise."""
    yield "| promise | at most | measured | |"
    yield "|---|--:|--:|---|"
    for figure in figures:
        measured = "" if figure.value is None else _number(figure.value, figure.unit)
        yield f"| {figure.name} | {_number(figure.promise, figure.unit)} | {measured} | {figure.verdict.replace('|', '/')} |"


def render_machine(today: date) -> str:
    """Say on what and when: a figure without its machine says nothing."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    python = platform.python_version()
    return f"{today:%Y-%m-%d}, {os.cpu_count()} cores of {cpu}, {memory_gib:.0f} GiB, Linux {platform.release()}, Python {python}"


def _number(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.3g} {unit}".strip()
