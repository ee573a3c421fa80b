"""aifctl shell, aifctl ssh."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call, reaching_flags
from aifctl.cli.command import command
from aifctl.cli.fan import fan, flags
from aifctl.cli.invocation import current
from aifctl.cli.options import Becoming, Everywhere, Guarding, Pacing, Reaching, Selecting
from aifctl.core.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""

    @command(app, "shell", examples=["aifctl shell @rack:r012", "aifctl shell @state:drained --sudo"])
    def shell(
        selecting: Selecting,
        reaching: Reaching,
        pacing: Pacing,
        becoming: Becoming,
        guarding: Guarding,
        everywhere: Everywhere,
    ) -> int:
        """Type commands for many nodes at a prompt; connections stay open between them.

        :help at the prompt lists its own commands.
        """
        from aifctl.ops.shell import ShellAsked, shell as verb

        asked = ShellAsked(fan=fan(selecting, pacing, guarding), sudo=becoming.sudo)
        return call(partial(verb, asked), everywhere, flags(selecting, reaching, pacing, becoming=becoming))

    @command(app, "ssh", examples=["aifctl ssh r012n3", "aifctl ssh r012n3 -- journalctl -k -n 50"])
    def ssh(
        node: Annotated[str, typer.Argument(metavar="NODE", help="One node of the inventory")],
        reaching: Reaching,
        everywhere: Everywhere,
    ) -> int:
        """Open the system's ssh to one node, with the inventory's address, user, jump host and host keys."""
        from aifctl.ops.ssh import SshAsked, ssh as verb

        if reaching.key_password is not None:
            raise UsageError(
                "ssh asks for the password of an encrypted key itself: leave --key-password away, or ssh-add it"
            )
        asked = SshAsked(node=node, command=current().command or ())
        # What a setting refers to is not fetched for ssh, which could not be handed it.
        return call(partial(verb, asked), everywhere, {**reaching_flags(reaching), "key_password": ""})
