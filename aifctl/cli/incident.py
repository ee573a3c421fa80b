"""aifctl incident."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.fan import seconds
from aifctl.cli.options import Everywhere

Numbers = Annotated[list[int] | None, typer.Argument(metavar="INCIDENT...", help="Their numbers")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever reads it later")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    incident = group("What is wrong with the fleet: one incident however many nodes say so.")
    app.add_typer(incident, name="incident")
    _add_looking(incident)
    _add_saying(incident)


def _add_looking(incident: typer.Typer) -> None:
    @command(
        incident, "list", examples=["aifctl incident list", "aifctl incident list --closed 7d --check xid -o json"]
    )
    def list_(
        everywhere: Everywhere,
        closed: Annotated[
            str | None, typer.Option(metavar="TIME", help="Also those closed within this time: 24h, 7d")
        ] = None,
        check: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this check")] = None,
    ) -> int:
        """Print the incidents that are open, worst first."""
        from aifctl.health.incident_verbs import ListAsked, list_incidents

        asked = ListAsked(closed_within_s=seconds("--closed", closed), check=check)
        return call(partial(list_incidents, asked), everywhere)

    @command(incident, "show", examples=["aifctl incident show 12", "aifctl incident show 12 -o json"])
    def show(
        everywhere: Everywhere, number: Annotated[int, typer.Argument(metavar="INCIDENT", help="Its number")]
    ) -> int:
        """Print one incident and all that has happened to it."""
        from aifctl.health.incident_verbs import show_incident

        return call(partial(show_incident, number), everywhere)


def _add_saying(incident: typer.Typer) -> None:
    @command(incident, "ack", examples=["aifctl incident ack 12", "aifctl incident ack 12 13 --reason 'ticket 811'"])
    def ack(everywhere: Everywhere, numbers: Numbers = None, reason: Reason = "") -> int:
        """Take incidents on, so that others see by whom."""
        from aifctl.health.incident_verbs import acknowledge

        return call(partial(acknowledge, numbers or [], reason), everywhere)

    @command(
        incident,
        "silence",
        examples=["aifctl incident silence 12 --for 4h --reason 'PDU work'", "aifctl incident silence 12 --for 0"],
    )
    def silence(
        everywhere: Everywhere,
        numbers: Numbers = None,
        for_: Annotated[str, typer.Option("--for", metavar="TIME", help="How long; 0 ends a silence")] = "1h",
        reason: Reason = "",
    ) -> int:
        """Tell nobody of incidents for a while; what they make a sweep do goes on."""
        from aifctl.health.incident_verbs import silence as verb

        for_s = seconds("--for", for_) or 0.0
        return call(partial(verb, numbers or [], for_s, reason), everywhere)

    @command(
        incident,
        "close",
        examples=[
            "aifctl incident close 12 --reason 'cable swapped'",
            "aifctl incident close 12 13 --reason 'check mended'",
        ],
    )
    def close(everywhere: Everywhere, numbers: Numbers = None, reason: Reason = "") -> int:
        """Close incidents; a sweep opens anew what is still so."""
        from aifctl.health.incident_verbs import close as verb

        return call(partial(verb, numbers or [], reason), everywhere)
