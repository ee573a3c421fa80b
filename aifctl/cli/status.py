"""aifctl status."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import chosen, told
from aifctl.cli.options import Everywhere, Selecting


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(app, "status", examples=["aifctl status @su:3 --by rack", "aifctl status --map --watch=5"])
    def status(
        selecting: Selecting,
        everywhere: Everywhere,
        by: Annotated[
            str | None,
            typer.Option(
                metavar="rack|su|hall|sku|state|feed|result|check|node",
                help="What a line is; without it what the inventory knows",
            ),
        ] = None,
        as_map: Annotated[bool, typer.Option("--map", help="One letter a node, rack by rack")] = False,
        watch: Annotated[
            str | None, typer.Option(metavar="[=S]", help="Draw it again every 2 s, or every S, until Ctrl-C")
        ] = None,
        fail_on: Annotated[
            str | None,
            typer.Option(
                metavar="watch|degraded|fault|unknown|unreachable|stale|unseen|new",
                help="Exit 1 for nodes as bad or worse, or for anything new in the last sweep",
            ),
        ] = None,
        stale_after: Annotated[
            str, typer.Option(metavar="TIME", help="What was seen longer ago than this is not called ok")
        ] = "1h",
    ) -> int:
        """Show how the fleet stands: what is wrong, since when, how far it reaches; from the last sweeps, asking no node."""
        import dataclasses

        from aifctl.core.units import parse_duration_s
        from aifctl.health.status import StatusAsked, parse_by, status as verb

        everything = "@all" if selecting.selector is None else selecting.selector
        asked = StatusAsked(
            chosen=chosen(dataclasses.replace(selecting, selector=everything)),
            by=parse_by(by),
            is_map=as_map,
            fail_on=fail_on or "",
            stale_after_s=told("--stale-after", parse_duration_s, stale_after),
        )
        flags = {"hostfile": selecting.hostfile}
        if watch is None:
            return call(partial(verb, asked), everywhere, flags)
        from aifctl.health.status_watch import parse_watch, watch as watching

        every_s = parse_watch(watch, everywhere.output or "table", fail_on=asked.fail_on)
        return call(partial(watching, asked, every_s), everywhere, flags)
