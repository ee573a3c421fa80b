"""aifctl nodes, aifctl find."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import chosen
from aifctl.cli.options import Everywhere, Selecting


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""

    @command(
        app, "nodes", examples=["aifctl nodes @rack:r012 -o nodeset", "aifctl nodes --where state=drained -o count"]
    )
    def nodes(
        selecting: Selecting,
        everywhere: Everywhere,
        where: Annotated[
            list[str] | None, typer.Option(metavar="KEY=GLOB", help="Only nodes whose field matches; repeatable")
        ] = None,
    ) -> int:
        """Print the nodes of a selection, all of them where none is named."""
        from aifctl.ops.nodes import NodesAsked, nodes as verb

        everything = "@all" if selecting.selector is None else selecting.selector
        selection = dataclasses.replace(selecting, selector=everything)
        asked = NodesAsked(chosen=chosen(selection), where=tuple(where or ()), counting=everywhere.output == "count")
        return call(partial(verb, asked), everywhere, {"hostfile": selecting.hostfile})

    @command(app, "find", examples=["aifctl find 1652823054567", "aifctl find b8:3f:d2:aa:01:02"])
    def find(
        text: Annotated[str, typer.Argument(metavar="SERIAL|GUID|MAC|IP|PORT", help="A leaf port is LEAF/PORT")],
        everywhere: Everywhere,
    ) -> int:
        """Say which node a serial, GUID, MAC, address or leaf port belongs to, and where it stands."""
        from aifctl.ops.nodes import find as verb

        return call(partial(verb, text), everywhere)
