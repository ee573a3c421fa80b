"""aifctl doctor."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(app, "doctor", examples=["aifctl doctor", "aifctl doctor --audit -o json"])
    def doctor(
        everywhere: Everywhere,
        audit: Annotated[bool, typer.Option("--audit", help="Verify the audit chain, record by record")] = False,
    ) -> int:
        """Look at this control host: settings and where each came from, inventory, keys, limits, state directory."""
        from aifctl.ops.doctor import doctor as verb

        return call(partial(verb, audit), everywhere, lenient=True)
