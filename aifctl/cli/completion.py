"""aifctl completion."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""

    @command(
        app,
        "completion",
        examples=[
            "aifctl completion bash > /etc/bash_completion.d/aifctl",
            "aifctl completion zsh > ~/.zfunc/_aifctl",
        ],
    )
    def completion(everywhere: Everywhere, shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish")]) -> int:
        """Print the completion script for a shell; the same files ship in completions/."""
        from aifctl.cli.completion_scripts import tell_script

        return call(partial(tell_script, shell), everywhere)
