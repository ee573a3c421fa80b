"""aifctl alone: worker counts, warm connections, memory at full size, dead nodes."""

from __future__ import annotations

from tests.bench import clients, replies
from tests.bench.figures import Figure, judge, of_line, ratio
from tests.bench.workbench import Workbench

_CONNECT_TIMEOUT_S = 10
_DEAD_SHARE = 0.05
_WARM_ROUNDS = 10
FULL_SIZE = 6250


def workers(bench: Workbench) -> None:
    """Hold two worker processes against one."""
    with bench.fleet(bench.nodes_count) as fleet:
        one, two = (
            bench.ask(clients.aifctl(f"--workers={count}", name=f"aifctl run --workers {count}"), fleet)[0]
            for count in (1, 2)
        )
    bench.figures.append(ratio("two workers: CPU per node, of one worker's", 1.1, two, one))


def warm(bench: Workbench) -> None:
    """Measure what one more command costs over connections that are open: eleven commands less one, over ten."""
    with bench.fleet(bench.nodes_count) as fleet:
        command = [*clients.aifctl_command(), "shell", *clients.hostfile_options(fleet), f"--width={len(fleet.nodes)}"]
        short, long = (
            bench.measure(*command, "--output=plain", "--progress=off", stdin=b"hostname\n" * rounds)
            for rounds in (1, 1 + _WARM_ROUNDS)
        )
        line = judge(
            "aifctl shell, warm",
            long,
            nodes=fleet.nodes,
            answered=replies.of_plain_rounds(long.stdout, 1 + _WARM_ROUNDS),
        )
    cpu_ms = (long.cpu_s - short.cpu_s) / _WARM_ROUNDS / len(fleet.nodes) * 1e3
    bench.lines.append(line)
    bench.figures.append(of_line("warm connections: CPU per node", 0.4, "ms", line, cpu_ms, judged=False))


def memory(bench: Workbench) -> None:
    """Measure memory at full size, 1 KB of output from each node."""
    with bench.fleet(FULL_SIZE, reply_bytes=1024) as fleet:
        line, _ = bench.ask(clients.aifctl(output="json", name="aifctl run, 1 KB each"), fleet)
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
        holed, _ = bench.ask(clients.aifctl(*more, output="json", name="aifctl run, 5 % dead"), fleet)
    failed = "; ".join(line.failed for line in (whole, holed) if line.failed)
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
