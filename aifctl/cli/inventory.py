"""aifctl inventory."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command, group
from aifctl.cli.fan import chosen
from aifctl.cli.options import Everywhere, Selecting

Format = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help="ansible-ini, slurm, hosts, … (inventory formats)")
]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    inventory = group("The inventory: check it, look at it, carry it to and from other tools.")
    app.add_typer(inventory, name="inventory")

    @command(inventory, "check", examples=["aifctl inventory check", "aifctl inventory check ./inventory/demo -o json"])
    def check(
        everywhere: Everywhere,
        path: Annotated[
            str | None, typer.Argument(metavar="[PATH]", help="Another inventory than the one in use")
        ] = None,
    ) -> int:
        """Print every mistake at once, each with file and line; 6 where there is one, 0 where there is none."""
        from aifctl.ops.inventory import check as verb

        return call(partial(verb, path), everywhere)

    @command(inventory, "show", examples=["aifctl inventory show r012n3", "aifctl inventory show @rack:r012 -o json"])
    def show(selecting: Selecting, everywhere: Everywhere) -> int:
        """Print all that the inventory says of each node."""
        from aifctl.ops.inventory import show as verb

        return call(partial(verb, chosen(selecting)), everywhere, {"hostfile": selecting.hostfile})

    @command(
        inventory,
        "export",
        examples=[
            "aifctl inventory export --format slurm --outdir ./slurm",
            "aifctl inventory export -f hosts @hall:2",
        ],
    )
    def export(
        format: Format,  # noqa: A002  the option's name
        everywhere: Everywhere,
        selector: Annotated[str, typer.Argument(metavar="[SELECTOR]")] = "@all",
        outdir: Annotated[
            str | None, typer.Option(metavar="DIR", help="Where its files go; without it: stdout")
        ] = None,
    ) -> int:
        """Write the inventory in another tool's format."""
        from aifctl.ops.inventory import ExportAsked, export as verb

        asked = ExportAsked(format_name=format, selector=selector, outdir=outdir)
        return call(partial(verb, asked), everywhere)

    @command(
        inventory,
        "import",
        examples=[
            "aifctl inventory import -f ansible-ini hosts.ini > site.yaml",
            "aifctl inventory import -f slurm slurm.conf",
        ],
    )
    def import_(
        format: Format,  # noqa: A002  the option's name
        file: Annotated[str, typer.Argument(metavar="FILE", help="What to read, - for stdin")],
        everywhere: Everywhere,
    ) -> int:
        """Print another tool's inventory as ours; what could not be carried over is said on stderr."""
        from aifctl.ops.inventory import ImportAsked, import_ as verb

        return call(partial(verb, ImportAsked(format_name=format, file=file)), everywhere)

    @command(inventory, "formats", examples=["aifctl inventory formats", "aifctl inventory formats -o json"])
    def formats(everywhere: Everywhere) -> int:
        """Print the formats that import and export know."""
        from aifctl.ops.inventory import formats as verb

        return call(verb, everywhere)

    @command(
        inventory, "template", examples=["aifctl inventory template > site.yaml", "aifctl inventory template | less"]
    )
    def template(everywhere: Everywhere) -> int:
        """Print a small commented inventory to start from."""
        from aifctl.ops.inventory import template as verb

        return call(verb, everywhere)
