"""aifctl node drain, undrain (resume): what changes nodes or asks them for more than a probe does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import chosen, consent
from aifctl.cli.invocation import current
from aifctl.cli.options import Everywhere, Guarding, Selecting
from aifctl.core.errors import UsageError
from aifctl.core.units import parse_duration_s
from aifctl.dispatch import asked

SkipBusy = Annotated[
    bool, typer.Option("--skip-busy", help="Leave out what is refused, in place of stopping before it starts")
]


def add_to(node: typer.Typer) -> None:
    """Add this file's commands to `aifctl node`."""
    _add_drain(node)
    for name in ("undrain", "resume"):
        _add_undrain(node, name)


def _add_drain(node: typer.Typer) -> None:
    @command(
        node,
        "drain",
        examples=[
            "aifctl node drain r012n3 --reason 'GPU 4 smells, ticket 811'",
            "aifctl node drain @rack:r012 --reason 'PDU work' --wait 2h --yes",
        ],
    )
    def drain(
        selecting: Selecting,
        guarding: Guarding,
        everywhere: Everywhere,
        idle: Annotated[
            bool, typer.Option("--idle", help="Nothing runs on those that are draining: call them drained")
        ] = False,
        wait: Annotated[
            str | None, typer.Option(metavar="TIME", help="Wait so long until all are drained, else exit 124")
        ] = None,
    ) -> int:
        """Take nodes out of service; needs a --reason, and goes on with the last good inventory where it must."""
        from aifctl.health.draining import DrainAsked, drain as verb

        drained = DrainAsked(fan=_fan(selecting, guarding), idle=idle, wait_s=_seconds(wait))
        return call(partial(verb, drained), everywhere, {"hostfile": selecting.hostfile})


def _add_undrain(node: typer.Typer, name: str) -> None:
    @command(
        node,
        name,
        examples=[
            f"aifctl node {name} r012n3",
            f"aifctl node {name} r012n3 --reason 'cable reseated, ticket 811'",
        ],
    )
    def undrain(
        selecting: Selecting,
        guarding: Guarding,
        everywhere: Everywhere,
        take_over: Annotated[
            bool, typer.Option("--take-over", help="Also what others have drained; needs --reason")
        ] = False,
        skip_busy: SkipBusy = False,
    ) -> int:
        """Take nodes back into service, where the check that drained them is clean on newer evidence.

        A --reason of yours overrules the evidence, and is audited.
        """
        from aifctl.health.undraining import UndrainAsked, undrain as verb

        undrained = UndrainAsked(fan=_fan(selecting, guarding, skip_busy=skip_busy), take_over=take_over)
        return call(partial(verb, undrained), everywhere, {"hostfile": selecting.hostfile})


def _fan(selecting: Selecting, guarding: Guarding, *, skip_busy: bool = False) -> asked.Fan:
    who = replace(chosen(selecting), skip_busy=skip_busy)
    return asked.Fan(chosen=who, consent=consent(guarding), argv=current().argv)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else parse_duration_s(text)
    except UsageError as problem:
        raise UsageError(f"--wait: {problem}") from problem
