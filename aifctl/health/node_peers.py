"""The peers of a node: nodes of its SKU, and what a check measures on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aifctl.diagnosis.absent import CannotTellError, NeutralError
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.peers import sample_of, spread_of
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.fleet.fleet import Fleet
from aifctl.health.one_node import reading_of
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import NodeRow

#: Reading one back takes 2 ms; eight GPUs of 32 nodes are 256 values, of which the 99th in a hundred is known well.
PEERS_COUNT = 32


class Peers:
    """Asks the store when it is first asked itself, and once."""

    def __init__(self, row: NodeRow, fleet: Fleet, reader: Reader) -> None:
        self._row, self._fleet, self._reader = row, fleet, reader

    def spread(self, check: Check | None, subject: str) -> Mapping[str, Any] | None:
        """Return {count, p50, p99, here, nodes, of}; None where the check measures nothing, or nobody has peers."""
        if check is None or check.measure is None:
            return None
        spread = spread_of(value for reading in self._readings for value in _measured(check, reading).values())
        if spread is None:
            return None
        here = _measured(check, self._own).get(subject) if self._own else None
        return {
            "count": spread.count,
            "p50": spread.p50,
            "p99": spread.p99,
            "here": here,
            "nodes": len(self._readings),
            "of": len(self._names),
        }

    def said(self, spread: Mapping[str, Any]) -> str:
        """Return a spread as a sentence."""
        nodes = (
            f"{spread['nodes']} of {spread['of']:,} nodes"
            if spread["nodes"] < spread["of"]
            else f"{spread['of']} nodes"
        )
        here = f"; here {spread['here']:g}" if spread["here"] is not None else ""
        return (
            f"p50 {spread['p50']:g}, p99 {spread['p99']:g} ({spread['count']} values of {nodes} of {self._sku}){here}"
        )

    @property
    def _sku(self) -> str:
        return (self._fleet.node(self._row.node).sku if self._row.node in self._fleet else None) or "no SKU"

    @cached_property
    def _names(self) -> Sequence[str]:
        if self._row.node not in self._fleet:
            return ()
        sku_of = self._fleet.attribute("sku")
        own = sku_of(self._row.node)
        return [name for name in self._fleet.names if sku_of(name) == own and name != self._row.node]

    @cached_property
    def _readings(self) -> Sequence[Reading]:
        rows = self._reader.nodes_now(sample_of(self._names, PEERS_COUNT), bodies=True)
        return [reading for row in rows if row.outcome == "ok" and (reading := self._reading(row))]

    @cached_property
    def _own(self) -> Reading | None:
        return self._reading(self._row)

    def _reading(self, row: NodeRow) -> Reading | None:
        try:
            return reading_of(row, self._reader)
        except UnreadableError:
            return None  # of one peer; the others are told with their number


def _measured(check: Check, reading: Reading) -> Mapping[str, float]:
    if check.measure is None:
        return {}
    try:
        return check.measure(reading)
    except (NeutralError, CannotTellError):
        return {}
