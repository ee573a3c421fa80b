"""aifctl sweep."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import fan, flags
from aifctl.cli.options import Becoming, Everywhere, Guarding, Pacing, Reaching, Selecting, Timetable


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
        *,
        selecting: Selecting,
        act: Annotated[bool, typer.Option("--act", help="Drain by the inventory's policy, within its budgets")] = False,
        fail_on: Annotated[
            str,
            typer.Option(
                metavar="fault|degraded|unknown|watch|new", help="From what on to exit 1; new: for anything new"
            ),
        ] = "fault",
        profile: Annotated[
            str | None, typer.Option(metavar="NAME", help="Judge all nodes by this profile, whatever their SKU")
        ] = None,
        resume: Annotated[
            str | None,
            typer.Option(metavar="SWEEP", help="Go on with one that was cut short, in place of SELECTOR; or latest"),
        ] = None,
        only_changes: Annotated[
            bool, typer.Option("--only-changes", help="Only what is other than in the sweep before")
        ] = False,
        reaching: Reaching,
        pacing: Pacing,
        becoming: Becoming,
        timetable: Timetable,
        everywhere: Everywhere,
    ) -> int:
        """Look at nodes once, all of them where none is named: probe, judge, remember, fold into incidents, say what is wrong.

        Exit 3 where fewer than 98% could be judged, or a whole rack or SU could not; 1 from a fault on.
        """
        from aifctl.core.errors import UsageError
        from aifctl.dispatch.asked import Keep

        if resume is not None and (selecting.selector is not None or selecting.hostfile is not None):
            raise UsageError("--resume takes the nodes of the sweep that it goes on with: leave the selector away")
        if selecting.selector is None and selecting.hostfile is None:
            selecting = dataclasses.replace(selecting, selector="@all")
        chosen = fan(selecting, pacing, Guarding(), timetable=timetable, min_coverage="98%")
        chosen = dataclasses.replace(chosen, keep=Keep(only_changes=only_changes))
        if resume is not None:
            from aifctl.health.sweep_again import ResumeAsked, resume_sweep

            again = ResumeAsked(sweep=resume, fan=chosen, quiet=everywhere.quiet)
            return call(partial(resume_sweep, again), everywhere, flags(selecting, reaching, pacing, becoming=becoming))
        from aifctl.health.sweep import SweepAsked, sweep as verb
        from aifctl.health.sweep_report import parse_fail_on

        asked = SweepAsked(
            fan=chosen,
            act=act,
            fail_on=parse_fail_on(fail_on),
            profile=profile,
            sudo=becoming.sudo,
            quiet=everywhere.quiet,
        )
        return call(partial(verb, asked), everywhere, flags(selecting, reaching, pacing, becoming=becoming))
