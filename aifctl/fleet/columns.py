"""A fleet's data by column, so that what nobody asks for is never decoded.

A column holds one value for each node, in the order of the names; None where a node has none. The fixed columns are
FIELDS; beside them stand `serial:PART`, `label:KEY` and, for each rail, `rail:INDEX:hca|leaf|port|guid`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from aifctl.fleet.node import Node

ENDPOINT_FIELDS = ("address", "port", "user", "identity", "jump", "host_keys", "options")
PLACE_FIELDS = ("site", "hall", "su", "rack", "unit", "sku", "state", "off", "feeds", "mac", "groups", "slurm_name")
BMC_FIELDS = ("bmc:address", "bmc:kind", "bmc:user", "bmc:mac")
FIELDS = (*ENDPOINT_FIELDS, *PLACE_FIELDS, *BMC_FIELDS)
RAIL_PARTS = ("hca", "leaf", "port", "guid")

_EMPTY = (None, (), False)


class Columns(Protocol):
    """Where a fleet's data lies: a decoded cache file, or lists."""

    @property
    def names(self) -> Sequence[str]:
        """Return every node's name, in nodeset order."""

    @property
    def fields(self) -> Collection[str]:
        """Return the columns that hold anything, in the order in which the inventory names them."""

    def column(self, field: str) -> Sequence[Any]:
        """Return one value for each node; None for all where there is no such column."""


class Table:
    """Columns that are plain lists."""

    def __init__(self, names: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> None:
        self.names = names
        self._columns = columns

    @property
    def fields(self) -> Collection[str]:
        return self._columns.keys()

    def column(self, field: str) -> Sequence[Any]:
        column = self._columns.get(field)
        return [None] * len(self.names) if column is None else column


def columns_of(nodes: Sequence[Node]) -> Table:
    """Turn nodes into columns, keeping their order."""
    columns: dict[str, list[Any]] = {}
    for index, node in enumerate(nodes):
        for field, value in _cells(node):
            if value not in _EMPTY:
                columns.setdefault(field, [None] * len(nodes))[index] = value
    return Table([node.name for node in nodes], columns)


def _cells(node: Node) -> Iterable[tuple[str, Any]]:
    for field in ENDPOINT_FIELDS:
        yield field, getattr(node.endpoint, field)
    for field in PLACE_FIELDS:
        yield field, getattr(node, field)
    if bmc := node.bmc:
        yield from zip(BMC_FIELDS, (bmc.address, bmc.kind, bmc.user, bmc.mac), strict=True)
    yield from ((f"serial:{part}", serial) for part, serial in node.serials)
    yield from ((f"label:{key}", value) for key, value in node.labels)
    for rail in node.rails:
        wiring: tuple[str | int | None, ...] = (rail.hca, rail.leaf, rail.leaf_port, rail.guid)
        for part, value in zip(RAIL_PARTS, wiring, strict=True):
            yield f"rail:{rail.index}:{part}", value
