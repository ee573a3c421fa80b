"""node states: the table of legal moves."""

from __future__ import annotations

from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.fleet.lifecycle import MOVES
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

LEGAL_MOVE = Kind(
    name="LegalMove",
    about="A move that a node may make from one lifecycle state to another.",
    key="source",
    keeps_order=True,
    columns=(
        Column(key="source", title="from", type=FieldType.STRING, about="where it stands"),
        Column(key="target", title="to", type=FieldType.STRING, about="where it may go in one move"),
        Column(key="when", title="when", type=FieldType.STRING, about="on what ground"),
    ),
)


def show_states(_tools: Toolbox, sink: Sink) -> Report:
    """Report every legal move; what is not among them is refused."""
    sink.open(Head(kind=LEGAL_MOVE))
    for move in MOVES:
        sink.item({"source": move.source.value, "target": move.target.value, "when": move.when})
    return Report(summary={"moves_count": len(MOVES)})
