"""The fabric as the inventory describes it: leaves, what they have room for, what stands above them."""

from __future__ import annotations

from dataclasses import dataclass

#: Rails are numbered 0-7: an H100 node has eight fabric ports, one for each GPU.
RAIL_COUNT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf switch.

    Attributes:
        ports: how many ports face nodes; None where the inventory doesn't say.
        rail: the rail it serves; None for a leaf that serves several.
        spines: the spines above it, in nodeset order.
    """

    name: str
    ports: int | None = None
    rail: int | None = None
    spines: tuple[str, ...] = ()
