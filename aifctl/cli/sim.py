"""aifctl sim, aifctl demo."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.options import Everywhere

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which fleet, where there are several")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    sim = group("A simulated fleet: real SSH servers on this machine's loopback that execute nothing.")
    app.add_typer(sim, name="sim")

    @command(sim, "up", examples=["aifctl sim up --nodes 64", "aifctl sim up --nodes 6250 --fault dead@5%"])
    def up(
        everywhere: Everywhere,
        nodes: Annotated[int, typer.Option(metavar="N", help="How many nodes")] = 64,
        fault: Annotated[
            list[str] | None,
            typer.Option(metavar="KIND[:ARG]@NODES", help="What is wrong with which nodes; repeatable"),
        ] = None,
        name: Annotated[str, typer.Option(metavar="NAME", help="What it is called")] = "demo",
        port: Annotated[int, typer.Option(metavar="N", help="Where all nodes listen; 0: a free one")] = 0,
        seed: Annotated[int, typer.Option(metavar="N", help="Serials, temperatures, dead@5% follow from it")] = 0,
        workers: Annotated[int, typer.Option(metavar="N", help="Processes that share the nodes; 0 chooses")] = 0,
    ) -> int:
        """Start a simulated fleet that stays until `aifctl sim down`; its inventory is written beside it."""
        from aifctl.sim.spec import FleetSpec
        from aifctl.sim.verbs import up as verb

        spec = FleetSpec(name=name, nodes_count=nodes, port=port, seed=seed, faults=tuple(fault or ()), workers=workers)
        return call(partial(verb, spec), everywhere)

    @command(sim, "down", examples=["aifctl sim down", "aifctl sim down demo"])
    def down(everywhere: Everywhere, name: Name = None) -> int:
        """End a simulated fleet and remove its files."""
        from aifctl.sim.verbs import down as verb

        return call(partial(verb, name), everywhere)

    @command(sim, "status", examples=["aifctl sim status", "aifctl sim status demo -o json"])
    def status(everywhere: Everywhere, name: Name = None) -> int:
        """Print the simulated fleets, what is wrong with which nodes, and how much they have been asked."""
        from aifctl.sim.verbs import status as verb

        return call(partial(verb, name), everywhere)

    @command(sim, "fault", examples=["aifctl sim fault dead@r003n02 slow:2s@5%", "aifctl sim fault --cure all"])
    def fault(
        everywhere: Everywhere,
        plant: Annotated[
            list[str] | None, typer.Argument(metavar="[KIND[:ARG]@NODES]...", help="Faults to give")
        ] = None,
        cure: Annotated[
            list[str] | None, typer.Option(metavar="KIND[@NODES]|all", help="Faults to take away; repeatable")
        ] = None,
        name: Annotated[str | None, typer.Option(metavar="NAME", help="Which fleet, where there are several")] = None,
    ) -> int:
        """Give nodes of a running simulated fleet faults, or cure them; without either, the kinds there are."""
        from aifctl.sim.verbs import FaultAsked, fault as verb

        asked = FaultAsked(name=name, plant=tuple(plant or ()), cure=tuple(cure or ()))
        return call(partial(verb, asked), everywhere)

    @command(app, "demo", examples=["aifctl demo", "aifctl demo | less"])
    def demo() -> int:
        """Show the real commands at work against a simulated fleet: it starts, is toured, and is gone at the end."""
        import os
        import sys

        from aifctl.sim.demo import demo as show

        return show(sys.stdout.buffer, environ=os.environ, bold=sys.stdout.isatty())
