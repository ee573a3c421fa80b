"""aifctl freeze, aifctl unfreeze."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import chosen
from aifctl.cli.options import Everywhere, Selecting

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever reads it later")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""

    @command(
        app,
        "freeze",
        examples=["aifctl freeze --reason 'training run until Friday'", "aifctl freeze @su:3 --reason 'cooling work'"],
    )
    def freeze(selecting: Selecting, everywhere: Everywhere, reason: Reason = "") -> int:
        """Have every changing verb refuse these nodes, or all of them; what runs already goes on."""
        from aifctl.ops.freezes import freeze as verb

        everybody = selecting.selector is None and selecting.hostfile is None
        which = chosen(replace(selecting, selector="@all") if everybody else selecting)
        return call(partial(verb, which, reason), everywhere, {"hostfile": selecting.hostfile})

    @command(app, "unfreeze", examples=["aifctl unfreeze @su:3", "aifctl unfreeze --id 4 --reason 'cooling is done'"])
    def unfreeze(
        selecting: Selecting,
        everywhere: Everywhere,
        id_: Annotated[
            list[int] | None, typer.Option("--id", metavar="ID", help="The freeze of this number; repeatable")
        ] = None,
        all_: Annotated[bool, typer.Option("--all", help="All that stand")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Print those that stand; lift none")] = False,
        reason: Reason = "",
    ) -> int:
        """Lift a freeze: the only one there is, those of some nodes, or by number."""
        from aifctl.ops.freezes import UnfreezeAsked, unfreeze as verb

        some = None if selecting.selector is None and selecting.hostfile is None else chosen(selecting)
        what = UnfreezeAsked(numbers=tuple(id_ or ()), chosen=some, every=all_, look=dry_run, reason=reason)
        return call(partial(verb, what), everywhere, {"hostfile": selecting.hostfile})
