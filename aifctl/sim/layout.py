"""Where the simulated nodes stand: halls of 64 SUs, 8 racks an SU, 4 nodes a rack, 8 rails with a leaf each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NODES_PER_RACK = 4
RACKS_PER_SU = 8
NODES_PER_SU = NODES_PER_RACK * RACKS_PER_SU
SUS_PER_HALL = 64
#: A row of racks hangs on one pair of feeds, A and B.
RACKS_PER_FEED = 4
GPUS = RAILS = 8
#: 127.SU.RACK.NODE; the second octet has no room for more, so further SUs count on in the third.
_SU_OCTETS = 254
_FEWEST_DIGITS = 3
#: Eight units high, two units of air between them: units 2, 12, 22, 32.
_LOWEST_UNIT, _NODE_UNITS = 2, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One node's place. `rack` and `su` are numbers from 1; `slot` is its place in the rack, from 1."""

    index: int
    name: str
    address: str
    su: int
    rack: int
    slot: int

    @property
    def unit(self) -> int:
        """Lowest rack unit."""
        return _LOWEST_UNIT + _NODE_UNITS * (self.slot - 1)

    @property
    def leaf_port(self) -> int:
        """Its port on each of the SU's leaves, from 1."""
        return self.index % NODES_PER_SU + 1

    def leaf(self, rail: int) -> str:
        return f"l{self.su}-r{rail}"

    @property
    def hall(self) -> int:
        return (self.su - 1) // SUS_PER_HALL + 1

    @property
    def feeds(self) -> tuple[str, str]:
        pair = (self.rack - 1) // RACKS_PER_FEED + 1
        return f"A{pair}", f"B{pair}"

    @property
    def serial(self) -> str:
        """The chassis' own, as the inventory has it."""
        return f"SIM{self.rack:04d}{self.slot:02d}"


class Layout:
    """The places of a fleet of `nodes_count` nodes, computed when asked for."""

    def __init__(self, nodes_count: int) -> None:
        self.nodes_count = nodes_count
        self.racks_count = -(-nodes_count // NODES_PER_RACK)
        self.sus_count = -(-nodes_count // NODES_PER_SU)
        self.digits = max(_FEWEST_DIGITS, len(str(self.racks_count)))
        self._by_address: dict[str, int] | None = None

    def place(self, index: int) -> Place:
        rack, slot = index // NODES_PER_RACK + 1, index % NODES_PER_RACK + 1
        su = index // NODES_PER_SU + 1
        return Place(
            index=index, name=f"{self.rack_name(rack)}n{slot:02d}", address=address(su, rack, slot), su=su, rack=rack,
            slot=slot,
        )  # fmt: skip

    def rack_name(self, rack: int) -> str:
        return f"r{rack:0{self.digits}d}"

    def places(self) -> Iterator[Place]:
        return map(self.place, range(self.nodes_count))

    def index_of(self, name: str) -> int | None:
        """Return a name's index, None where the fleet has no such node."""
        match = re.fullmatch(r"r(\d+)n(\d+)", name)
        if not match:
            return None
        index = (int(match[1]) - 1) * NODES_PER_RACK + int(match[2]) - 1
        return index if 0 <= index < self.nodes_count and self.place(index).name == name else None

    def at(self, where: str) -> int | None:
        """Return the index of the node with that address or name."""
        if self._by_address is None:
            self._by_address = {place.address: place.index for place in self.places()}
        return self._by_address.get(where, self.index_of(where))


def address(su: int, rack: int, slot: int) -> str:
    """Return 127.SU.RACK-IN-SU.SLOT, so that a person can read the place off the address."""
    turn, octet = divmod(su - 1, _SU_OCTETS)
    return f"127.{octet + 1}.{(rack - 1) % RACKS_PER_SU + 1 + RACKS_PER_SU * turn}.{slot}"
