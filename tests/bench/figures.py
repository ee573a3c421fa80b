"""Figures: what was measured, what was promised, and the verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.measure import Measured

#: A promise may be missed by this factor before `make bench` fails: machines differ, and the miss is printed anyway.
TOLERANCE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One client on one fleet.

    Attributes:
        failed: why it does not count; empty where it does.
        missing: what is not installed here; then it has not failed either.
    """

    client: str
    nodes_count: int
    failed: str = ""
    missing: str = ""
    cpu_ms: float = 0.0
    nodes_per_s: float = 0.0
    pss_bytes: int = 0
    p50_s: float | None = None
    p99_s: float | None = None
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One promise held against what was measured.

    Attributes:
        value: None where it could not be measured; `failed` says why.
        judged: ratios and bytes are; seconds of one machine are only printed.
        missing: what would have to be installed to measure it.
    """

    name: str
    promise: float
    unit: str
    value: float | None
    judged: bool
    failed: str = ""
    missing: str = ""

    @property
    def verdict(self) -> str:
        if self.missing:
            return f"not measured: {self.missing}"
        if self.value is None:
            return f"FAILED: {self.failed}"
        if self.value <= self.promise:
            return "kept"
        if self.judged and self.value > self.promise * TOLERANCE:
            return f"FAILED: {self.value / self.promise:.2f} times what is promised"
        return f"missed by {self.value / self.promise - 1:.0%}"


def judge(client: str, done: Measured, *, nodes: Sequence[str], answered: frozenset[str], exit_code: int = 0) -> Line:
    """Return a client's line; it counts only if the exit code is right and every node's own reply arrived.

    A client that fails fast must not win, and one that shows some other node's reply has not done the work.
    """
    unanswered = set(nodes) - answered
    failed = ""
    if done.exit_code != exit_code:
        failed = f"exit {done.exit_code}"
    elif unanswered:
        failed = f"no reply of its own from {len(unanswered)} of {len(nodes)} nodes"
    said = done.stderr.decode(errors="backslashreplace").strip().splitlines() if failed else []
    return Line(
        client=client,
        nodes_count=len(nodes),
        failed="; ".join([failed, *said[-1:]]),
        cpu_ms=done.cost.cpu_s / len(nodes) * 1e3,
        nodes_per_s=len(nodes) / done.cost.wall_s,
        pss_bytes=done.cost.pss_bytes,
        wall_s=done.cost.wall_s,
    )


def median_of(rounds: Sequence[Line]) -> Line:
    """Return the line of each figure's own median, or the first one that does not count."""
    failed = next((line for line in rounds if line.failed), None)
    return failed or dataclasses.replace(
        rounds[0],
        cpu_ms=median(line.cpu_ms for line in rounds),
        nodes_per_s=median(line.nodes_per_s for line in rounds),
        pss_bytes=round(median(line.pss_bytes for line in rounds)),
        wall_s=median(line.wall_s for line in rounds),
        p50_s=_median(line.p50_s for line in rounds),
        p99_s=_median(line.p99_s for line in rounds),
    )


def ratio(name: str, promise: float, line: Line | None, other: Line | None) -> Figure:
    """Hold one line's CPU per node against another's."""
    failed = "; ".join(
        f"{each.client} {each.failed}" if each else "not measured" for each in (line, other) if not each or each.failed
    )
    missing = other.missing if other and not failed else ""
    value = None if failed or missing or not line or not other else line.cpu_ms / other.cpu_ms
    return Figure(name=name, promise=promise, unit="", value=value, judged=True, failed=failed, missing=missing)


def of_line(name: str, promise: float, unit: str, line: Line, value: float, *, judged: bool) -> Figure:
    """Hold a number of one line against its promise; a line that does not count gives no figure."""
    return Figure(
        name=name, promise=promise, unit=unit, value=None if line.failed else value, judged=judged, failed=line.failed
    )


def failures(lines: Sequence[Line], figures: Sequence[Figure]) -> list[str]:
    """Return what makes `make bench` fail: broken promises, and lines of ours that do not count."""
    ours = [f"{line.client}: {line.failed}" for line in lines if line.failed and line.client.startswith("aifctl")]
    return ours + [f"{figure.name}: {figure.verdict}" for figure in figures if figure.verdict.startswith("FAILED")]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
