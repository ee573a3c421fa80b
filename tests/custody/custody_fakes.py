"""A fleet of racks, and a person at the terminal who types what they are told to."""

from __future__ import annotations

from dataclasses import dataclass, field

from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node, Rail
from aifctl.fleet.policy import Policy


@dataclass
class Person:
    """Types `types` at every question; None is somebody who is not there."""

    types: str | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def possible(self) -> bool:
        return self.types is not None

    def ask(self, question: str, *, expected: str) -> bool:
        self.asked.append(question)
        return self.types == expected


def racks(count: int, *, per_rack: int = 4, policy: Policy | None = None) -> Fleet:
    """Nodes r01n1 …; each rack is also a su; all first nodes of racks share leaf l1, all second ones l2, …; feed by rack parity."""
    nodes = [
        Node(
            endpoint=Endpoint(name=f"r{rack:02d}n{unit}", address="10.0.0.1"),
            rack=f"r{rack:02d}",
            su=f"su{rack:02d}",
            feeds=(f"A{rack % 2}",),
            rails=(Rail(index=0, leaf=f"l{unit}"),),
        )
        for rack in range(1, count + 1)
        for unit in range(1, per_rack + 1)
    ]
    return Fleet.from_nodes(nodes, policy=policy, origin="inventory/test")
