"""aifctl reconcile."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import seconds, timetable_of
from aifctl.cli.invocation import current
from aifctl.cli.options import Everywhere, Timetable
from aifctl.dispatch import asked


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(
        app,
        "reconcile",
        examples=["aifctl reconcile", "aifctl reconcile --quiet --only-changes --lock reconcile:skip --deadline 5m"],
    )
    def reconcile(
        timetable: Timetable,
        everywhere: Everywhere,
        deadline: Annotated[
            str | None, typer.Option(metavar="TIME", help="For --lock: a holder older than this hangs")
        ] = None,
        only_changes: Annotated[
            bool, typer.Option("--only-changes", help="Only what was done, or could not be")
        ] = False,
    ) -> int:
        """Do what needs doing while nobody is at a terminal: every five minutes from cron, on any control host.

        Sends what stands in the outbox and once more what fires, expires leases, applies what the database did not take.
        """
        from aifctl.health.reconciling import reconcile as verb

        pace = asked.Pace(deadline_s=seconds("--deadline", deadline))
        fan = asked.Fan(
            chosen=asked.Chosen(selector=None),
            pace=pace,
            keep=asked.Keep(only_changes=only_changes),
            timetable=timetable_of(timetable),
            argv=current().argv,
        )
        return call(partial(verb, fan), everywhere)
