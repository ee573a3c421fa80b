"""What verbs that move nodes report: one row a node, where it stood, where it stands and on what ground."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.core.report import Column, FieldType, Kind
from aifctl.core.words import counted
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ports.sink import Sink

MOVE = Kind(
    name="NodeMove",
    about="What became of a node that was to be moved from one state to another.",
    merges=True,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="source", title="was", type=FieldType.STRING, about="the state it stood in"),
        Column(key="target", title="is", type=FieldType.STRING, about="the state it stands in now"),
        Column(key="reason", title="reason", type=FieldType.STRING, about="aifctl:OWNER:ID text, or a foreign one"),
        Column(
            key="message", title="message", type=FieldType.STRING, about="why it was left where it stood, or overruled"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One row."""

    node: str
    source: str
    target: str
    reason: str = ""
    message: str = ""

    def item(self) -> Mapping[str, Any]:
        return {
            "node": self.node,
            "source": self.source,
            "target": self.target,
            "reason": self.reason or None,
            "message": self.message or None,
        }


def show(moved: Iterable[Moved], sink: Sink) -> None:
    """Tell all rows."""
    for one in moved:
        sink.item(one.item())


def said(nodes: Iterable[str]) -> str:
    """Return "3 nodes (n[1-3])"."""
    names = list(nodes)
    return f"{counted(len(names))} ({fold_short(names)})"
