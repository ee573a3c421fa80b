"""aifctl schema."""

from __future__ import annotations

from typing import Annotated

import typer

from aifctl import wiring
from aifctl.cli.call import shown_by
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(app, "schema", examples=["aifctl schema Run", "aifctl schema -o json"])
    def schema(
        everywhere: Everywhere,
        kind: Annotated[str | None, typer.Argument(metavar="KIND", help="Without it: the kinds there are")] = None,
    ) -> int:
        """Print the JSON Schema of one kind of report, as -o json writes it."""
        return wiring.write_schema(kind, shown_by(everywhere))
