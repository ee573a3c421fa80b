"""One command on every node, connections and all: aifctl beside the peers."""

from __future__ import annotations

from tests.bench import clients
from tests.bench.figures import Line, ratio
from tests.bench.workbench import Workbench


def cold(bench: Workbench) -> None:
    """Measure every client on the whole fleet, or on as much of it as it needs to show what it costs."""
    lines: dict[str, Line] = {}
    with bench.fleet(bench.nodes_count) as fleet:
        ours, _ = bench.ask(clients.aifctl(), fleet)
        bench.ask(clients.aifctl(output="json", name="aifctl run -o json"), fleet)
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
