"""One command on every node, connections and all: aifctl beside the peers."""

from __future__ import annotations

import dataclasses

from tests.bench import clients, replies
from tests.bench.figures import Line, ratio
from tests.bench.fleet import Fleet
from tests.bench.workbench import Workbench


def cold(bench: Workbench) -> None:
    """Measure every client once on the whole fleet, or on as much of it as it needs to show what it costs."""
    ours: Line | None = None
    lines: dict[str, Line] = {}
    with bench.fleet(bench.nodes_count) as fleet:
        ours, _ = bench.ask(clients.aifctl(), fleet)
        _latencies(bench, clients.aifctl(output="json", name="aifctl run -o json"), fleet)
        for client in clients.peers():
            if client.at_most is None:
                lines[client.name], _ = bench.ask(client, fleet)
    for client in clients.peers():
        if client.at_most is not None:
            with bench.fleet(min(client.at_most, bench.nodes_count)) as fleet:
                lines[client.name], _ = bench.ask(client, fleet)
    bench.figures += [
        ratio("cold run: CPU per node, of parallel-ssh's", 0.65, ours, lines.get("parallel-ssh")),
        ratio("cold run: CPU per node, of clush's", 1 / 8, ours, lines.get("clush")),
    ]


def _latencies(bench: Workbench, client: clients.Client, fleet: Fleet) -> None:
    line, done = bench.ask(client, fleet)
    if done is not None and not line.failed:
        durations_s = replies.durations_s(done.stdout)
        bench.lines[-1] = dataclasses.replace(
            line, p50_s=replies.percentile(durations_s, 0.5), p99_s=replies.percentile(durations_s, 0.99)
        )
