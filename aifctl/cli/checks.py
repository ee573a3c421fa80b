"""aifctl checks."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.options import Everywhere

Name = Annotated[str, typer.Argument(metavar="CHECK", help="Its name, as `aifctl checks list` has it")]
Nodes = Annotated[str | None, typer.Option(metavar="SELECTOR", help="Only on these nodes; on all without it")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    checks = group("What a sweep looks for, by which numbers, and where those come from.")
    app.add_typer(checks, name="checks")
    _add_looking(checks)
    _add_muting(checks)


def _add_looking(checks: typer.Typer) -> None:
    @command(checks, "list", examples=["aifctl checks list", "aifctl checks list -o json"])
    def list_(everywhere: Everywhere) -> int:
        """Print all checks, what of them stands now, and which are muted."""
        from aifctl.health.checking import list_checks

        return call(list_checks, everywhere)

    @command(checks, "explain", examples=["aifctl checks explain port-flap", "aifctl checks explain xid -o json"])
    def explain(name: Name, everywhere: Everywhere) -> int:
        """Print what a check sees and what it can't, its numbers with their sources, and what it may ask for."""
        from aifctl.health.checking import explain_check

        return call(partial(explain_check, name), everywhere)


def _add_muting(checks: typer.Typer) -> None:
    @command(
        checks,
        "mute",
        examples=[
            "aifctl checks mute port-flap --nodes @leaf:l3-r2 --until 4h --reason 'switch swapped, ticket 811'",
            "aifctl checks mute disk-fill --until 2026-12-24 --reason 'scratch is full on purpose'",
        ],
    )
    def mute(
        name: Name,
        everywhere: Everywhere,
        until: Annotated[str, typer.Option(metavar="TIME", help="4h, 2026-12-24 or 2026-12-24T18:00Z")],
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever reads it later")],
        nodes: Nodes = None,
    ) -> int:
        """Let a check read unknown, not ok, for a while: nothing is done on its word, and it makes no incident."""
        from aifctl.health.muting import MuteAsked, mute as verb

        asked = MuteAsked(check=name, selector=nodes, until=until, reason=reason)
        return call(partial(verb, asked), everywhere)

    @command(
        checks,
        "unmute",
        examples=["aifctl checks unmute port-flap", "aifctl checks unmute port-flap --nodes @leaf:l3-r2"],
    )
    def unmute(
        name: Name,
        everywhere: Everywhere,
        nodes: Annotated[
            str | None, typer.Option(metavar="SELECTOR", help="Only the mute for these nodes, as it was written")
        ] = None,
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever reads it later")] = "",
    ) -> int:
        """End a check's mutes before their time."""
        from aifctl.health.muting import UnmuteAsked, unmute as verb

        return call(partial(verb, UnmuteAsked(check=name, selector=nodes, reason=reason)), everywhere)
