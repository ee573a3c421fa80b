"""Whether the nodes of an inventory can all be true at once: one name, one address, one port for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.core.marked_yaml import Mistakes, Place
from aifctl.fleet.nearest import nearest_names
from aifctl.fleet.nodeset_order import sort_names
from aifctl.fleet.topology import RAIL_COUNT, Leaf
from aifctl.roster.expansion import Expanded

_SSH_PORT = 22
#: column → what it is called where two nodes share one.
_UNIQUE = {
    "bmc:address": "BMC address",
    "mac": "MAC",
    "bmc:mac": "BMC MAC",
    "slurm_name": "Slurm name",
}
#: A lower place lies in one higher place.
_NESTING = (("rack", "su"), ("rack", "hall"), ("su", "hall"), ("hall", "site"))


def check_soundness(nodes: Expanded, leaves: Mapping[str, tuple[Place, Leaf]], mistakes: Mistakes) -> None:
    """Record every contradiction between nodes."""
    check = _Check(nodes, mistakes)
    check.names()
    check.addresses()
    check.marks()
    check.places()
    check.rack_units()
    check.leaf_ports(leaves)


@dataclass(frozen=True, slots=True)
class _Check:
    _nodes: Expanded
    _mistakes: Mistakes

    def names(self) -> None:
        for at, first in _repeats(self._nodes.names):
            here, there = self._entry(at), self._entry(first)
            hint = "" if here == there else "; to change one node, write it under overrides:"
            message = f"node {self._nodes.names[at]} stands here twice; first at {there}{hint}"
            self._mistakes.add(here, message, kind="node twice")

    def addresses(self) -> None:
        """Two nodes on one address and port are one machine, or a wrong pattern."""
        addresses = self._column("address") or [None] * len(self._nodes.names)
        ports = self._column("port") or [None] * len(self._nodes.names)
        dialled = [
            (address or name, port or _SSH_PORT)
            for name, address, port in zip(self._nodes.names, addresses, ports, strict=True)
        ]
        for at, first in _repeats(dialled):
            if self._nodes.names[at] == self._nodes.names[first]:
                continue  # said already
            address, port = dialled[at]
            shown = address if port == _SSH_PORT else f"{address} port {port}"
            self._shared("address", at, first, f"address {shown}")

    def marks(self) -> None:
        for column, what in _UNIQUE.items():
            self._unique([column], what)
        self._unique([column for column in self._nodes.columns if column.startswith("serial:")], "serial")
        self._unique([f"rail:{rail}:guid" for rail in range(RAIL_COUNT)], "GUID")

    def places(self) -> None:
        """A rack that stands in two halls is two racks with one name, or a typing error."""
        for low, high in _NESTING:
            first: dict[str, int] = {}
            highs = self._or_none(high)
            for at, (lower, higher) in enumerate(zip(self._or_none(low), highs, strict=True)):
                if lower is None or higher is None:
                    continue
                began = first.setdefault(lower, at)
                other = highs[began]
                if other != higher:
                    message = (
                        f"{low} {lower} is in {high} {higher} here and in {high} {other} at {self._place(low, began)}"
                    )
                    self._mistakes.add(self._place(low, at), message, kind=f"{low} in two")

    def rack_units(self) -> None:
        taken: dict[tuple[str, int], int] = {}
        racks, units = self._or_none("rack"), self._or_none("unit")
        heights, rooms = self._or_none("height"), self._or_none("rack_height")
        used: dict[str, int] = {}
        for at, (rack, unit, height, room) in enumerate(zip(racks, units, heights, rooms, strict=True)):
            if rack is None:
                continue
            used[rack] = used.get(rack, 0) + (height or 0)
            self._fits(at, rack, unit, height or 1, room, used[rack])
            for each in range(unit, unit + (height or 1)) if unit else ():
                other = taken.setdefault((rack, each), at)
                if other != at:
                    message = (
                        f"{self._nodes.names[at]} and {self._nodes.names[other]} both occupy U{each} of rack {rack}"
                    )
                    self._mistakes.add(self._place("unit", at), message, kind="unit twice")
                    break

    def leaf_ports(self, leaves: Mapping[str, tuple[Place, Leaf]]) -> None:
        taken: dict[tuple[str, int], tuple[int, int]] = {}
        on_leaf: dict[str, int] = {}
        unknown: dict[str, tuple[int, int]] = {}
        for at, rail, leaf, port in self._wiring():
            if leaves and leaf not in leaves:
                unknown.setdefault(leaf, (at, rail))
            elif leaves:
                on_leaf[leaf] = on_leaf.get(leaf, 0) + 1
                self._suits(at, rail, port, leaves[leaf][1], on_leaf[leaf])
            other = taken.setdefault((leaf, port), (at, rail)) if port else (at, rail)
            if other != (at, rail):
                message = (
                    f"port {port} of leaf {leaf} is wired to {self._nodes.names[other[0]]} rail {other[1]}"
                    f" and to {self._nodes.names[at]} rail {rail}"
                )
                self._mistakes.add(self._place(f"rail:{rail}:port", at), message, kind="port twice")
        self._unknown_leaves(unknown, leaves)

    def _wiring(self) -> Iterator[tuple[int, int, str, int | None]]:
        for rail in range(RAIL_COUNT):
            ports = self._or_none(f"rail:{rail}:port")
            for at, leaf in enumerate(self._column(f"rail:{rail}:leaf") or ()):
                if leaf:
                    yield at, rail, leaf, ports[at]

    def _suits(self, at: int, rail: int, port: int | None, leaf: Leaf, links_count: int) -> None:
        name = self._nodes.names[at]
        place = self._place(f"rail:{rail}:leaf", at)
        if leaf.ports and port and port > leaf.ports:
            message = f"leaf {leaf.name} has {leaf.ports} ports, and {name} rail {rail} is wired to port {port}"
            self._mistakes.add(self._place(f"rail:{rail}:port", at), message, kind="no such port")
        elif leaf.ports and links_count > leaf.ports:
            message = f"leaf {leaf.name} has {leaf.ports} ports, and {name} rail {rail} is link {links_count} to it"
            self._mistakes.add(place, message, kind="leaf overfull")
        if leaf.rail is not None and leaf.rail != rail:
            message = f"leaf {leaf.name} serves rail {leaf.rail}, and {name} is wired to it with rail {rail}"
            self._mistakes.add(place, message, kind="wrong rail")

    def _unknown_leaves(self, unknown: Mapping[str, tuple[int, int]], leaves: Mapping[str, tuple[Place, Leaf]]) -> None:
        for (leaf, (at, rail)), near in zip(
            unknown.items(), nearest_names(unknown, sort_names(leaves)) if unknown else (), strict=True
        ):
            hint = f"; did you mean {near}?" if near else ""
            message = f"leaf {leaf} of {self._nodes.names[at]} rail {rail} does not stand under leaves:{hint}"
            self._mistakes.add(self._place(f"rail:{rail}:leaf", at), message, kind="no such leaf")

    def _fits(self, at: int, rack: str, unit: int | None, height: int, room: int | None, used: int) -> None:
        if not room:
            return
        name = self._nodes.names[at]
        if unit and unit + height - 1 > room:
            message = f"{name} would reach U{unit + height - 1} of rack {rack}, which ends at U{room}"
            self._mistakes.add(self._place("unit", at), message, kind="above the rack")
        elif used > room:
            message = f"rack {rack} has {room} U, and with {name} it would hold {used} U"
            self._mistakes.add(self._entry(at), message, kind="rack overfull")

    def _unique(self, columns: Iterable[str], what: str) -> None:
        """Record two nodes with one value in any of these columns; one node may bear a value twice (board, chassis)."""
        first: dict[str, int] = {}
        for column in columns:
            for at, value in enumerate(self._column(column) or ()):
                if value is not None and (other := first.setdefault(value.lower(), at)) != at:
                    self._shared(column, at, other, f"{what} {value}")

    def _shared(self, column: str, at: int, first: int, what: str) -> None:
        message = f"{what} of {self._nodes.names[at]} is {self._nodes.names[first]}'s already"
        where = self._place(column, first)
        if where != self._place(column, at):
            message += f", at {where}"
        self._mistakes.add(self._place(column, at), message, kind=f"{column} twice")

    def _column(self, column: str) -> list[Any] | None:
        return self._nodes.columns.get(column)

    def _or_none(self, column: str) -> list[Any]:
        return self._nodes.columns.get(column) or [None] * len(self._nodes.names)

    def _place(self, column: str, at: int) -> Place:
        return self._nodes.place(column, at)

    def _entry(self, at: int) -> Place:
        return self._nodes.stretches[self._nodes.stretch_of[at]].branch.place


def _repeats(values: Iterable[Any]) -> Iterator[tuple[int, int]]:
    """Yield (position, first position) of each value that was there before."""
    first: dict[Any, int] = {}
    for at, value in enumerate(values):
        began = first.setdefault(value, at)
        if began != at:
            yield at, began
