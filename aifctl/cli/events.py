"""aifctl events."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere
from aifctl.dispatch.asked import Chosen


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(app, "events", examples=["aifctl events --since 12h", "aifctl events @rack:r012 --since 2026-11-30"])
    def events(
        everywhere: Everywhere,
        selector: Annotated[
            str | None, typer.Argument(metavar="[SELECTOR]", help="Only what is about these nodes")
        ] = None,
        since: Annotated[str, typer.Option(metavar="TIME", help="1h, 2026-11-30 or 2026-11-30T18:00Z")] = "1h",
        limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N")] = 1000,
    ) -> int:
        """Print one time line of runs, sweeps, findings, incidents, moves and people; the newest last."""
        from aifctl.health.timeline import EventsAsked, events as verb

        chosen = None if selector is None else Chosen(selector=selector)
        return call(partial(verb, EventsAsked(since=since, chosen=chosen, limit=limit)), everywhere)
