"""aifctl run, aifctl script."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import fan, flags, verb_words
from aifctl.cli.invocation import current
from aifctl.cli.options import Becoming, Everywhere, Guarding, Keeping, Pacing, Reaching, Selecting, Timetable

Stdin = Annotated[bool, typer.Option("--stdin", help="Stream this command's stdin to every node")]
RemoteExit = Annotated[
    bool, typer.Option("--remote-exit-code", help="On one node: exit with the remote command's code")
]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""

    @command(
        app,
        "run",
        examples=["aifctl run @rack:r012 -- uptime", "aifctl run 'r[001-012]n[1-4]' --sudo -- 'dmesg | tail -3'"],
    )
    def run(
        selecting: Selecting,
        reaching: Reaching,
        pacing: Pacing,
        keeping: Keeping,
        becoming: Becoming,
        guarding: Guarding,
        timetable: Timetable,
        everywhere: Everywhere,
        stdin: Stdin = False,
        remote_exit_code: RemoteExit = False,
    ) -> int:
        """Run a command on many nodes at once.

        One argument behind -- goes to each node's login shell as it is; several are quoted one by one.
        """
        from aifctl.ops.run import RunAsked, run as verb

        asked = RunAsked(
            fan=fan(selecting, pacing, guarding, keeping=keeping, timetable=timetable),
            command=current().command,
            sudo=becoming.sudo,
            stdin=stdin,
            remote_exit_code=remote_exit_code,
        )
        settings = flags(selecting, reaching, pacing, keeping=keeping, becoming=becoming)
        return call(partial(verb, asked), everywhere, settings, live=keeping.live)

    @command(
        app,
        "script",
        examples=["aifctl script @su:3 ./collect.sh", "aifctl script @all check.py --sudo -- --verbose /dev/nvme0"],
    )
    def script(
        *,
        selecting: Selecting,
        file: Annotated[
            str | None, typer.Argument(metavar="FILE", help="A script; its first line names the interpreter")
        ] = None,
        reaching: Reaching,
        pacing: Pacing,
        keeping: Keeping,
        becoming: Becoming,
        guarding: Guarding,
        timetable: Timetable,
        everywhere: Everywhere,
        arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="For the script")] = None,
        stdin: Stdin = False,
        remote_exit_code: RemoteExit = False,
    ) -> int:
        """Run a local script on many nodes; it is sent, run by its own interpreter and removed.

        Arguments of the script that start with a dash go behind --.
        """
        from aifctl.ops.run import ScriptAsked, script as verb

        selecting, (file, *words) = verb_words(selecting, FILE=file, more=arguments or ())
        asked = ScriptAsked(
            fan=fan(selecting, pacing, guarding, keeping=keeping, timetable=timetable),
            file=file,
            arguments=(*words, *(current().command or ())),
            sudo=becoming.sudo,
            stdin=stdin,
            remote_exit_code=remote_exit_code,
        )
        settings = flags(selecting, reaching, pacing, keeping=keeping, becoming=becoming)
        return call(partial(verb, asked), everywhere, settings, live=keeping.live)
