"""Small fleets to select from."""

from __future__ import annotations

from collections.abc import Iterable

from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Node, Rail


def fleet_of(names: Iterable[str]) -> Fleet:
    return Fleet.from_nodes([Node(endpoint=Endpoint(name=name, address=name)) for name in names], origin="plain.yaml")


def grid(racks: int = 4, nodes: int = 8) -> Fleet:
    """Return racks r01.. of nodes r01n01..; two racks make an SU, rack r01 is old hardware, r01n01 drained, r01n02 off."""
    return Fleet.from_nodes(
        [_grid_node(rack, node) for rack in range(1, racks + 1) for node in range(1, nodes + 1)], origin="grid.yaml"
    )


def _grid_node(rack: int, node: int) -> Node:
    return Node(
        endpoint=Endpoint(name=f"r{rack:02}n{node:02}", address=f"10.0.{rack}.{node}"),
        site="north",
        hall="2",
        su=str((rack + 1) // 2),
        rack=f"r{rack:02}",
        sku="h100-pcie" if rack == 1 else "h100-sxm",
        state=State.DRAINED if (rack, node) == (1, 1) else State.READY,
        off=(rack, node) == (1, 2),
        feeds=("A3", "B3") if rack % 2 else ("A4", "B4"),
        rails=(Rail(index=0, leaf=f"l{rack}-r0"), Rail(index=1, leaf=f"l{rack}-r1")),
        labels=(("owner", "team a"),) if rack == 2 else (),
        groups=("canary",) if node == 1 else (),
    )
