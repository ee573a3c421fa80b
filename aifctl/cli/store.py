"""aifctl store."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    store = group("What is remembered of the fleet: a database, and the log that it can be made of.")
    app.add_typer(store, name="store")

    @command(
        store,
        "rebuild",
        examples=["aifctl store rebuild", "aifctl store rebuild --log /mnt/other-host/aifctl/store/log"],
    )
    def rebuild(
        everywhere: Everywhere,
        log: Annotated[
            list[str] | None, typer.Option(metavar="DIR", help="Also another control host's log; repeatable")
        ] = None,
    ) -> int:
        """Make the database anew from its log; the old file is set aside, and what of the log can't be read is told."""
        from aifctl.ops.rebuilding import rebuild_store as verb

        return call(partial(verb, tuple(log or ())), everywhere)

    @command(
        store, "prune", examples=["aifctl store prune --keep 30d --dry-run", "aifctl store prune --keep 30d --quiet"]
    )
    def prune(
        everywhere: Everywhere,
        keep: Annotated[str, typer.Option(metavar="TIME", help="How long readings stay, a day at the least")],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go; remove nothing")] = False,
    ) -> int:
        """Remove readings, replaced facts and sweeps that are older, from the database and from the log.

        Where nodes stand, findings, incidents, moves and notes stay. A sweep may go on meanwhile.
        """
        from aifctl.ops.pruning import prune_store

        return call(partial(prune_store, keep, dry_run=dry_run), everywhere)
