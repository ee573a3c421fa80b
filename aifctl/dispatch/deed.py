"""One thing that is to be done on nodes: what `run`, `script`, `push` and `pull` hand to the dispatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from aifctl.dispatch.asked import Fan
from aifctl.dispatch.selection import Nodes
from aifctl.ports.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done on each node.

    Attributes:
        verb: run, script, push, pull.
        facts: JSON-able and without a secret; with them the same deed can be made again (`runs resume`).
        work: those facts as the fan-out's value; where that names its run on the nodes, what makes it of the run's id.
        steps: one line for each thing that is done, for --dry-run and the audit chain.
        guarded: needs consent whatever the inventory's policy says.
        changing: nodes may be other than before.
        looks: with --dry-run the nodes are asked all the same, and say what would change.
        stdin: what every node gets as its standard input; None for nothing.
        reply_bytes: where it is above 0, what nodes print is a reply of at most so many bytes for whoever gave the deed,
            who keeps it: it stays in memory and out of the run's journal.
        owner: as whom it holds its nodes; what goes on with it later does so as the same.
    """

    verb: str
    facts: Mapping[str, Any]
    work: Work | Callable[[str], Work]
    steps: tuple[str, ...]
    guarded: bool = False
    changing: bool = True
    looks: bool = False
    stdin: BinaryIO | None = None
    reply_bytes: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A deed for some nodes.

    Attributes:
        selector: as it was typed; None where an earlier run chose the nodes.
    """

    deed: Deed
    nodes: Nodes
    fan: Fan
    selector: str | None = None
