"""aifctl completion."""

from __future__ import annotations

from typing import Annotated

import typer

from aifctl.cli.command import command


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
    def completion(shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish")]) -> int:
        """Print the completion script for a shell; the same files ship in completions/."""
        from aifctl.cli.completion_scripts import print_script

        return print_script(shell)
