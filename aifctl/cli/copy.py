"""aifctl push, aifctl pull."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import fan, flags, verb_words
from aifctl.cli.options import Everywhere, Guarding, Pacing, Reaching, Selecting, Timetable


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""

    @command(
        app,
        "push",
        examples=[
            "aifctl push @all ./nccl.conf /etc/nccl.conf --mode 644",
            "aifctl push @su:3 ./tools /opt/tools --delete",
        ],
    )
    def push(
        *,
        selecting: Selecting,
        source: Annotated[str | None, typer.Argument(metavar="SRC", help="Local file or folder")] = None,
        destination: Annotated[
            str | None, typer.Argument(metavar="DEST", help="Remote path; ends in / to go below it")
        ] = None,
        reaching: Reaching,
        pacing: Pacing,
        guarding: Guarding,
        timetable: Timetable,
        everywhere: Everywhere,
        mode: Annotated[str | None, typer.Option(metavar="OCTAL", help="Permissions of the files, such as 644")] = None,
        owner: Annotated[str | None, typer.Option(metavar="USER[:GROUP]", help="Owner of what is written")] = None,
        delete: Annotated[bool, typer.Option("--delete", help="Remove below DEST what SRC lacks (guarded)")] = False,
    ) -> int:
        """Copy a file or a folder to many nodes; what is already there is skipped by its hash."""
        from aifctl.ops.copy import PushAsked, push as verb

        selecting, (source, destination) = verb_words(selecting, SRC=source, DEST=destination)
        asked = PushAsked(
            fan=fan(selecting, pacing, guarding, timetable=timetable),
            source=source,
            destination=destination,
            mode=mode,
            owner=owner,
            delete=delete,
        )
        return call(partial(verb, asked), everywhere, flags(selecting, reaching, pacing))

    @command(
        app,
        "pull",
        examples=[
            "aifctl pull @rack:r012 /var/log/syslog ./logs",
            "aifctl pull @state:drained /var/log/nvidia ./evidence",
        ],
    )
    def pull(
        *,
        selecting: Selecting,
        source: Annotated[str | None, typer.Argument(metavar="SRC", help="Remote file or folder")] = None,
        destination: Annotated[
            str | None, typer.Argument(metavar="DESTDIR", help="Local folder; each node gets one below it")
        ] = None,
        reaching: Reaching,
        pacing: Pacing,
        guarding: Guarding,
        timetable: Timetable,
        everywhere: Everywhere,
    ) -> int:
        """Copy a file or a folder from many nodes, each node's into a folder of its own."""
        from aifctl.ops.copy import PullAsked, pull as verb

        selecting, (source, destination) = verb_words(selecting, SRC=source, DESTDIR=destination)
        asked = PullAsked(
            fan=fan(selecting, pacing, guarding, timetable=timetable), source=source, destination=destination
        )
        return call(partial(verb, asked), everywhere, flags(selecting, reaching, pacing))
