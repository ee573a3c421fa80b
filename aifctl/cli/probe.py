"""aifctl probe."""

from __future__ import annotations

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(app, "probe", examples=["aifctl probe", "aifctl probe -o json"])
    def probe(everywhere: Everywhere) -> int:
        """Look at this machine as a sweep looks at a node: each section of the probe, its status, its data with -o json."""
        from aifctl.health.probe import probe as verb

        return call(verb, everywhere)
