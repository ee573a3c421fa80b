"""aifctl sweep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import Verb, call
from aifctl.cli.command import command
from aifctl.cli.fan import fan, flags
from aifctl.cli.options import Becoming, Everywhere, Guarding, Pacing, Reaching, Selecting, Timetable
from aifctl.core.errors import UsageError
from aifctl.dispatch.asked import Fan, Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """What is done with what is found."""

    act: Annotated[bool, typer.Option("--act", help="Drain by the inventory's policy, within its budgets")] = False
    fail_on: Annotated[
        str,
        typer.Option(metavar="fault|degraded|unknown|watch|new", help="From what on to exit 1; new: for anything new"),
    ] = "fault"
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge all nodes by this profile, whatever their SKU")
    ] = None
    resume: Annotated[
        str | None,
        typer.Option(metavar="SWEEP", help="Go on with one that was cut short, in place of SELECTOR; or latest"),
    ] = None
    only_changes: Annotated[
        bool, typer.Option("--only-changes", help="Only what is other than in the sweep before")
    ] = False


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(
        app,
        "sweep",
        examples=[
            "aifctl sweep @rack:r012",
            "aifctl sweep @all --act --lock sweep:skip --deadline 10m --only-changes --textfile /var/lib/prom/sweep.prom",
        ],
    )
    def sweep(
        selecting: Selecting,
        sweeping: Sweeping,
        reaching: Reaching,
        pacing: Pacing,
        becoming: Becoming,
        timetable: Timetable,
        everywhere: Everywhere,
    ) -> int:
        """Look at nodes once, all of them where none is named: probe, judge, remember, fold into incidents, say what is wrong.

        Exit 3 where fewer than 98% could be judged, or a whole rack or SU could not; 1 from a fault on.
        """
        who = fan(_chosen(selecting, sweeping.resume), pacing, Guarding(), timetable=timetable, min_coverage="98%")
        who = replace(who, keep=Keep(only_changes=sweeping.only_changes))
        verb = _verb(sweeping, who, sudo=becoming.sudo, quiet=everywhere.quiet)
        return call(verb, everywhere, flags(selecting, reaching, pacing, becoming=becoming))


def _chosen(selecting: Selecting, resume: str | None) -> Selecting:
    """Return which nodes; all of them where none is named."""
    is_named = selecting.selector is not None or selecting.hostfile is not None
    if resume is not None and is_named:
        raise UsageError("--resume takes the nodes of the sweep that it goes on with: leave the selector away")
    return selecting if is_named else replace(selecting, selector="@all")


def _verb(asked: Sweeping, fan: Fan, *, sudo: str | None, quiet: bool) -> Verb:
    if asked.resume is not None:
        from aifctl.health.sweep_again import ResumeAsked, resume_sweep

        return partial(resume_sweep, ResumeAsked(sweep=asked.resume, fan=fan, quiet=quiet))
    from aifctl.health.sweep import SweepAsked, sweep as verb
    from aifctl.health.sweep_report import parse_fail_on

    fail_on = parse_fail_on(asked.fail_on)
    return partial(
        verb, SweepAsked(fan=fan, act=asked.act, fail_on=fail_on, profile=asked.profile, sudo=sudo, quiet=quiet)
    )
