from __future__ import annotations

from aifctl.cli.command_tree import CommandTree


def zsh_script(tree: CommandTree) -> str:
    return ""
