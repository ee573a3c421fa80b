"""aifctl trust."""

from __future__ import annotations

from functools import partial

import typer

from aifctl.cli.call import call, reaching_flags
from aifctl.cli.command import command, group
from aifctl.cli.fan import chosen, fan, flags
from aifctl.cli.options import Everywhere, Guarding, Pacing, Reaching, Selecting


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    trust = group("Host keys and certificate authorities: what is trusted, and where each came from.")
    app.add_typer(trust, name="trust")

    @command(trust, "scan", examples=["aifctl trust scan @rack:r012", "aifctl trust scan r012n3 --dry-run"])
    def scan(
        selecting: Selecting, reaching: Reaching, pacing: Pacing, guarding: Guarding, everywhere: Everywhere
    ) -> int:
        """Collect host keys, show what would change, and on confirmation write them to known_hosts.

        What is seen over the network is only as good as the network: compare fingerprints with another source.
        """
        from aifctl.ops.trust import scan as verb

        return call(partial(verb, fan(selecting, pacing, guarding)), everywhere, flags(selecting, reaching, pacing))

    @command(trust, "show", examples=["aifctl trust show r012n3", "aifctl trust show @all -o csv"])
    def show(selecting: Selecting, reaching: Reaching, everywhere: Everywhere) -> int:
        """Print the keys and authorities that would be accepted for each node, each with its source."""
        from aifctl.ops.trust import show as verb

        return call(
            partial(verb, chosen(selecting)),
            everywhere,
            {**reaching_flags(reaching), "hostfile": selecting.hostfile},
        )

    @command(
        trust, "forget", examples=["aifctl trust forget r012n3 --reason 're-imaged'", "aifctl trust forget @rack:r012"]
    )
    def forget(
        selecting: Selecting, reaching: Reaching, pacing: Pacing, guarding: Guarding, everywhere: Everywhere
    ) -> int:
        """Remove the nodes' own entries from the known_hosts file that `trust scan` writes."""
        from aifctl.ops.trust import forget as verb

        return call(partial(verb, fan(selecting, pacing, guarding)), everywhere, flags(selecting, reaching, pacing))
