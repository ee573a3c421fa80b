"""aifctl alone: worker counts, warm connections, memory at full size, dead nodes."""

from __future__ import annotations

from dataclasses import replace

from tests.bench import clients, replies
from tests.bench.figures import Figure, Line, judge, median_of, of_line, ratio
from tests.bench.fleet import Fleet
from tests.bench.workbench import Workbench

_CONNECT_TIMEOUT_S = 10
_DEAD_SHARE = 0.05
_WARM_ROUNDS = 10
FULL_SIZE = 6250
#: Bytes of filler, and nodes enough to show it: 64 KB from 3,000 would weigh on this harness.
_REPLIES = ((0, 3000), (1 << 10, 3000), (64 << 10, 1000))


def workers(bench: Workbench) -> None:
    """Hold two worker processes against one."""
    with bench.fleet(bench.nodes_count) as fleet:
        one, two = (
            bench.ask(clients.aifctl(f"--workers={count}", output="json", name=f"aifctl run --workers {count}"), fleet)[
                0
            ]
            for count in (1, 2)
        )
    bench.figures.append(ratio("two workers: CPU per node, of one worker's", 1.1, two, one))


def warm(bench: Workbench) -> None:
    """Measure what one more command costs over connections that are open: eleven commands less one, over ten."""
    with bench.fleet(bench.nodes_count) as fleet:
        line = median_of([_warm_round(bench, fleet) for _ in range(bench.rounds_count)])
    bench.lines.append(line)
    bench.figures.append(of_line("warm connections: CPU per node", 0.4, "ms", line, line.cpu_ms, judged=False))


def _warm_round(bench: Workbench, fleet: Fleet) -> Line:
    first, last = _shell(bench, fleet, 1), _shell(bench, fleet, 1 + _WARM_ROUNDS)
    if first.failed or last.failed:
        return first if first.failed else last
    asked_count, wall_s = _WARM_ROUNDS * len(fleet.nodes), last.wall_s - first.wall_s
    cpu_ms = (last.cpu_ms - first.cpu_ms) / _WARM_ROUNDS
    return replace(last, cpu_ms=cpu_ms, nodes_per_s=asked_count / wall_s, wall_s=wall_s)


def _shell(bench: Workbench, fleet: Fleet, commands_count: int) -> Line:
    done = bench.measure(
        *clients.aifctl_command(),
        "shell",
        *clients.hostfile_options(fleet),
        f"--width={len(fleet.nodes)}",
        "--output=plain",
        "--progress=off",
        stdin=b"hostname\n" * commands_count,
    )
    answered = replies.of_plain_rounds(done.stdout, commands_count)
    return judge("aifctl shell, warm", done, nodes=fleet.nodes, answered=answered)


def reply_sizes(bench: Workbench) -> None:
    """Measure what longer replies cost; without filler a reply is the node's address alone."""
    for reply_bytes, nodes_count in _REPLIES:
        with bench.fleet(min(nodes_count, bench.nodes_count), reply_bytes=reply_bytes) as fleet:
            name = f"aifctl run, replies of {f'{reply_bytes >> 10} KB' if reply_bytes else '10 B'}"
            bench.ask(clients.aifctl(output="json", name=name, reply_bytes=reply_bytes), fleet)


def memory(bench: Workbench) -> None:
    """Measure memory at full size, 1 KB of output from each node."""
    with bench.fleet(FULL_SIZE, reply_bytes=1024) as fleet:
        line, _ = bench.ask(clients.aifctl(output="json", name="aifctl run, 1 KB each", reply_bytes=1024), fleet)
    bench.figures.append(
        of_line(
            f"{FULL_SIZE:,} nodes, 1 KB each: PSS of all processes", 300e6, "bytes", line, line.pss_bytes, judged=True
        )
    )


def dead_nodes(bench: Workbench) -> None:
    """Measure how much longer a run takes when one node in twenty answers no packet."""
    more = [f"--connect-timeout={_CONNECT_TIMEOUT_S}s", "--min-coverage=95%"]
    with bench.fleet(bench.nodes_count) as fleet:
        whole, _ = bench.ask(clients.aifctl(*more, output="json", name="aifctl run, all alive"), fleet)
    with bench.fleet(bench.nodes_count, dead=_DEAD_SHARE) as fleet:
        holed, done = bench.ask(clients.aifctl(*more, output="json", name="aifctl run, 5 % dead"), fleet)
        silent = replies.with_outcome(done.stdout if done else b"", "connect-timeout")
    failed = "; ".join(line.failed for line in (whole, holed) if line.failed)
    if not failed and silent != frozenset(fleet.dead):
        failed = f"{len(silent)} nodes ended in connect-timeout, {len(fleet.dead)} are dead"
    bench.figures.append(
        Figure(
            name=f"5 % dead: how much longer it takes (connect timeout {_CONNECT_TIMEOUT_S} s)",
            promise=_CONNECT_TIMEOUT_S + 2,
            unit="s",
            value=None if failed else holed.wall_s - whole.wall_s,
            judged=True,
            failed=failed,
        )
    )
