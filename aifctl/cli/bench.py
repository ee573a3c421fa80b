"""aifctl bench."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    bench = group("What aifctl costs on this machine, measured against a simulated fleet of its own.")
    app.add_typer(bench, name="bench")

    @command(bench, "fanout", examples=["aifctl bench fanout", "aifctl bench fanout --nodes 3000 --rounds 3 -o md"])
    def fanout(
        everywhere: Everywhere,
        nodes: Annotated[int, typer.Option(min=1, metavar="N", help="How many simulated nodes")] = 1000,
        rounds: Annotated[int, typer.Option(min=1, metavar="N", help="Each figure is the median of N runs")] = 1,
    ) -> int:
        """Measure what `aifctl run` costs a node: CPU, memory, nodes per second.

        A figure counts only where each node's own reply arrived; otherwise its row reads FAILED and the exit is 1.

        CPU and memory are aifctl's alone, all its processes; nodes per second depend on the simulated nodes, too.
        """
        from aifctl.sim.bench import FanoutAsked, fanout as verb

        return call(partial(verb, FanoutAsked(nodes_count=nodes, rounds_count=rounds)), everywhere)
