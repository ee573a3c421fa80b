"""aifctl node show, why, history, note, states: what is known of nodes; none of them asks one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.options import Everywhere
from aifctl.dispatch.asked import Chosen

Node = Annotated[str, typer.Argument(metavar="NODE", help="One node's name")]


def add_to(node: typer.Typer) -> None:
    """Add this file's commands to `aifctl node`."""
    _add_looks(node)
    _add_past(node)

    @command(node, "states", examples=["aifctl node states", "aifctl node states -o json"])
    def states(everywhere: Everywhere) -> int:
        """Print every legal move from one lifecycle state to another, and on what ground it is made."""
        from aifctl.health.node_states import show_states

        return call(show_states, everywhere)


def _add_looks(node: typer.Typer) -> None:
    @command(node, "show", examples=["aifctl node show r012n3", "aifctl node show r012n3 -o json"])
    def show(name: Node, everywhere: Everywhere) -> int:
        """Print all that is known of a node: result, state, findings, place, hardware, notes."""
        from aifctl.health.node_show import show_node

        return call(partial(show_node, name), everywhere)

    @command(node, "why", examples=["aifctl node why r012n3", "aifctl node why r012n3 -o json"])
    def why(name: Node, everywhere: Everywhere) -> int:
        """Print each finding against a node with its evidence, its threshold's source, its peers, its incident."""
        from aifctl.health.node_why import why_node

        return call(partial(why_node, name), everywhere)


def _add_past(node: typer.Typer) -> None:
    @command(node, "history", examples=["aifctl node history r012n3", "aifctl node history r012n3 --since 365d"])
    def history(
        name: Node,
        everywhere: Everywhere,
        since: Annotated[str, typer.Option(metavar="TIME", help="30d, 2026-11-01 or 2026-11-01T18:00Z")] = "30d",
    ) -> int:
        """Print what has happened to a node: moves, findings, other facts, sweeps, notes; the newest last."""
        from aifctl.health.node_history import HistoryAsked, node_history

        return call(partial(node_history, HistoryAsked(node=name, since=since)), everywhere)

    @command(
        node,
        "note",
        examples=["aifctl node note r012n3 'GPU 4 reseated, ticket 811'", "aifctl node note @rack:r012"],
    )
    def note(
        selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="Which nodes")],
        everywhere: Everywhere,
        text: Annotated[
            str | None, typer.Argument(metavar="[TEXT]", help="What to write; without it, what was written is shown")
        ] = None,
    ) -> int:
        """Write something about nodes for whoever looks next, or print what was written."""
        from aifctl.health.node_notes import NoteAsked, note_nodes

        return call(partial(note_nodes, NoteAsked(chosen=Chosen(selector=selector), text=text)), everywhere)
