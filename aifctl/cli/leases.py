"""aifctl leases."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.fan import chosen, consent
from aifctl.cli.invocation import current
from aifctl.cli.options import Everywhere, Guarding, Selecting
from aifctl.dispatch import asked


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    leases = group("Leases: who holds which nodes for themselves, and until when.")
    app.add_typer(leases, name="leases")

    @command(leases, "list", examples=["aifctl leases list", "aifctl leases list @rack:r012 -o json"])
    def list_(selecting: Selecting, everywhere: Everywhere) -> int:
        """Print all leases, or those of some nodes."""
        from aifctl.ops.leases import list_leases

        some = None if selecting.selector is None and selecting.hostfile is None else chosen(selecting)
        return call(partial(list_leases, some), everywhere, {"hostfile": selecting.hostfile})

    @command(
        leases,
        "break",
        examples=[
            "aifctl leases break r012n3 --reason 'its control host is gone'",
            "aifctl leases break --scope acting --reason 'ctl2 hangs'",
        ],
    )
    def break_(
        selecting: Selecting,
        guarding: Guarding,
        everywhere: Everywhere,
        scope: Annotated[
            list[str] | None, typer.Option(metavar="SCOPE", help="What is leased and is no node; repeatable")
        ] = None,
    ) -> int:
        """Take leases from whoever holds them; what held them may still be at work."""
        from aifctl.ops.leases import BreakAsked, break_leases

        nobody = selecting.selector is None and selecting.hostfile is None
        who = asked.Chosen(selector=None) if nobody else chosen(selecting)
        fan = asked.Fan(chosen=who, consent=consent(guarding), argv=current().argv)
        what = BreakAsked(fan=fan, nodes=not nobody, scopes=tuple(scope or ()))
        return call(partial(break_leases, what), everywhere, {"hostfile": selecting.hostfile})
