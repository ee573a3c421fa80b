"""What `bench fanout` measures, and what proves that the work was done: every node's own reply, to the byte."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from aifctl.core.exit_codes import ExitCode
from aifctl.sim.measured import Cost

CONNECT_TIMEOUT_S = 5
DEAD_SHARE = "5%"
WARM_COMMANDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row.

    Attributes:
        command: what every node is asked; `reply` is what the node of that name prints.
        options: for `aifctl run`, beside selector and output.
        fault: KIND@NODES, given to the fleet for this row alone; its nodes must end as `faulty_outcome`.
        warm: commands over connections that are open already, in one `aifctl shell`; 0 is one `aifctl run`.
    """

    name: str
    command: str = "hostname"
    reply: Callable[[str], str] = field(default=lambda name: f"{name}\n")
    options: tuple[str, ...] = ()
    exit: ExitCode = ExitCode.OK
    fault: str = ""
    faulty_outcome: str = ""
    warm: int = 0


@dataclass(slots=True)
class Replies:
    """What `-o jsonl` says of one measurement; `own` counts each node's right replies."""

    own: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, str] = field(default_factory=dict)
    durations_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one measurement gives."""

    cpu_ms_per_node: float
    nodes_per_s: float
    pss_bytes: float
    p50_s: float
    p99_s: float


def filled(size_bytes: int) -> Case:
    """Return the case in which each node's reply is its name and that much more; with 0, nothing at all."""
    if not size_bytes:
        return Case(name="reply of 0 B", command="true", reply=lambda _name: "")
    filler = "." * size_bytes
    return Case(
        name=f"reply of {size_bytes >> 10} KB",
        command=f"hostname; head -c {size_bytes} /dev/zero | tr '\\0' .",
        reply=lambda name: f"{name}\n{filler}",
    )


CASES = (
    Case(name="cold run"),
    Case(name="warm command", warm=WARM_COMMANDS),
    Case(name="1 worker", options=("--workers=1",)),
    Case(name="2 workers", options=("--workers=2",)),
    filled(0),
    filled(1 << 10),
    filled(64 << 10),
    Case(
        name=f"{DEAD_SHARE.replace('%', ' %')} dead nodes",
        options=(f"--connect-timeout={CONNECT_TIMEOUT_S}s",),
        exit=ExitCode.COVERAGE,
        fault=f"dead@{DEAD_SHARE}",
        faulty_outcome="connect-timeout",
    ),
)


def read_replies(lines: Iterable[bytes], case: Case) -> Replies:
    """Read `-o jsonl`, one report or several; ValueError where it is none."""
    found = Replies()
    for line in lines:
        item = json.loads(line)
        if item["type"] != "item":
            continue
        node = item["node"]
        found.outcomes[node] = item["outcome"]
        if item["outcome"] == "ok" and item["stdout"] == case.reply(node):
            found.own[node] += 1
            found.durations_s.append(item["duration_s"])
    found.durations_s.sort()
    return found


def judge(
    case: Case, cost: Cost, replies: Replies, *, nodes: Sequence[str], faulty: frozenset[str], commands_count: int = 1
) -> str:
    """Say why a measurement does not count; empty where it does. A command that fails fast must not win."""
    if cost.exit_code != case.exit:
        said = cost.stderr.decode(errors="backslashreplace").strip().splitlines()
        return "; ".join([f"exit {cost.exit_code}, not {int(case.exit)}", *said[-1:]])
    silent = [name for name in nodes if name not in faulty and replies.own[name] != commands_count]
    if silent:
        return f"no reply of its own from {len(silent):,} of {len(nodes):,} nodes, {silent[0]} among them"
    odd = [name for name in faulty if replies.outcomes.get(name) != case.faulty_outcome]
    if odd:
        return (
            f"{len(odd):,} of {len(faulty):,} faulty nodes did not end as {case.faulty_outcome}, {min(odd)} among them"
        )
    return ""


def figures(cost: Cost, replies: Replies, *, nodes_count: int) -> Figures:
    return Figures(
        cpu_ms_per_node=cost.cpu_s / nodes_count * 1e3, nodes_per_s=nodes_count / cost.wall_s,
        pss_bytes=cost.pss_bytes, p50_s=percentile(replies.durations_s, 0.5), p99_s=percentile(replies.durations_s, 0.99),
    )  # fmt: skip


def warm_figures(first: Cost, all_: Cost, replies: Replies, *, nodes_count: int, commands_count: int) -> Figures:
    """Return what one more command costs: many commands less one, over those between."""
    asked = nodes_count * commands_count
    return Figures(
        cpu_ms_per_node=(all_.cpu_s - first.cpu_s) / asked * 1e3,
        nodes_per_s=asked / max(1e-3, all_.wall_s - first.wall_s),
        pss_bytes=all_.pss_bytes,
        p50_s=percentile(replies.durations_s, 0.5), p99_s=percentile(replies.durations_s, 0.99),
    )  # fmt: skip


def median_of(rounds: Sequence[Figures]) -> Figures:
    """Return each figure's own median."""
    return Figures(
        cpu_ms_per_node=median(one.cpu_ms_per_node for one in rounds),
        nodes_per_s=median(one.nodes_per_s for one in rounds), pss_bytes=median(one.pss_bytes for one in rounds),
        p50_s=median(one.p50_s for one in rounds), p99_s=median(one.p99_s for one in rounds),
    )  # fmt: skip


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed; 0 where there is none."""
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)] if ordered else 0.0
