"""aifctl runs."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call, reaching_flags
from aifctl.cli.command import command, group
from aifctl.cli.fan import consent
from aifctl.cli.invocation import current
from aifctl.cli.options import Everywhere, Guarding, Reaching

Run = Annotated[str, typer.Argument(metavar="[RUN]", help="An id, the beginning of one, latest, or -1, -2 …")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    runs = group("What has been run: every run is journalled as it happens.")
    app.add_typer(runs, name="runs")
    for add in (_add_list, _add_show, _add_retry, _add_resume, _add_diff, _add_stop, _add_prune):
        add(runs)


def _add_list(runs: typer.Typer) -> None:
    @command(runs, "list", examples=["aifctl runs list", "aifctl runs list --limit 5 -o json"])
    def list_(
        everywhere: Everywhere, limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N")] = 20
    ) -> int:
        """Print the newest runs, newest first."""
        from aifctl.ops.runs import list_runs

        return call(partial(list_runs, limit), everywhere)


def _add_show(runs: typer.Typer) -> None:
    @command(runs, "show", examples=["aifctl runs show", "aifctl runs show latest r012n3 -o json"])
    def show(
        everywhere: Everywhere,
        run: Run = "latest",
        selector: Annotated[str | None, typer.Argument(metavar="[SELECTOR]", help="Only these nodes")] = None,
    ) -> int:
        """Print a run's results as it printed them, from the journal."""
        from aifctl.ops.runs import ShowAsked, show_run

        return call(partial(show_run, ShowAsked(run=run, selector=selector)), everywhere)


def _add_retry(runs: typer.Typer) -> None:
    @command(
        runs, "retry", examples=["aifctl runs retry latest --outcome throttled,connect-timeout", "aifctl runs retry -1"]
    )
    def retry(
        everywhere: Everywhere,
        reaching: Reaching,
        guarding: Guarding,
        run: Run = "latest",
        outcome: Annotated[
            str | None, typer.Option(metavar="LIST", help="Which outcomes; all that failed where not given")
        ] = None,
    ) -> int:
        """Do a run again on the nodes with the given outcomes."""
        from aifctl.cli.resuming import retry as verb
        from aifctl.ops.again import AgainAsked

        asked = AgainAsked(run=run, outcomes=outcome, consent=consent(guarding), argv=current().argv)
        return call(partial(verb, asked), everywhere, reaching_flags(reaching))


def _add_resume(runs: typer.Typer) -> None:
    @command(runs, "resume", examples=["aifctl runs resume", "aifctl runs resume 20261124-003512-x7k2 --again lost"])
    def resume(
        everywhere: Everywhere,
        reaching: Reaching,
        guarding: Guarding,
        run: Run = "latest",
        again: Annotated[
            str | None, typer.Option(metavar="lost", help="Also the nodes whose outcome is unknown")
        ] = None,
    ) -> int:
        """Do the rest of a run that was cut short, each node once."""
        from aifctl.cli.resuming import resume as verb
        from aifctl.ops.again import AgainAsked

        asked = AgainAsked(run=run, again=again, consent=consent(guarding), argv=current().argv)
        return call(partial(verb, asked), everywhere, reaching_flags(reaching))


def _add_diff(runs: typer.Typer) -> None:
    @command(runs, "diff", examples=["aifctl runs diff -2 -1", "aifctl runs diff latest"])
    def diff(
        everywhere: Everywhere,
        run: Run = "latest",
        other: Annotated[
            str | None, typer.Argument(metavar="[RUN2]", help="Without it: the last run of the same command before")
        ] = None,
    ) -> int:
        """Print the nodes whose outcome or output differs between two runs."""
        from aifctl.ops.runs import DiffAsked, diff_runs

        return call(partial(diff_runs, DiffAsked(run=run, other=other)), everywhere)


def _add_stop(runs: typer.Typer) -> None:
    @command(runs, "stop", examples=["aifctl runs stop", "aifctl runs stop 20261124-003512-x7k2"])
    def stop(everywhere: Everywhere, run: Run = "latest") -> int:
        """End a run from another terminal, as its own first Ctrl-C would."""
        from aifctl.ops.runs import stop_run

        return call(partial(stop_run, run), everywhere)


def _add_prune(runs: typer.Typer) -> None:
    @command(runs, "prune", examples=["aifctl runs prune --keep 500", "aifctl runs prune --keep 500 --quiet"])
    def prune(
        everywhere: Everywhere, keep: Annotated[int, typer.Option(metavar="N", help="How many of the newest stay")]
    ) -> int:
        """Remove the journals and kept output of old runs; what still goes on or is still continued stays."""
        from aifctl.ops.runs import prune_runs

        return call(partial(prune_runs, keep), everywhere)
