"""aifctl node."""

from __future__ import annotations

import typer

from aifctl.cli import node_acting, node_looking
from aifctl.cli.command import group


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    node = group("One node or some: what is known of them, and what is done to them.")
    app.add_typer(node, name="node")
    node_looking.add_to(node)
    node_acting.add_to(node)
