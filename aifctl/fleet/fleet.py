"""The whole fleet as columns: a node object is only made when somebody asks for that node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from aifctl.fleet.node import Node
from aifctl.fleet.policy import Policy

#: The scopes a node belongs to, by inventory key; a node may have several leaves, feeds and groups.
SCOPES = ("site", "hall", "su", "rack", "leaf", "feed", "sku", "state", "group")


class Fleet:
    """Read-only. Names are unique and stand in nodeset order (aifctl.fleet.nodeset.sort_names).

    Attributes:
        names: every node's name.
        policy: the inventory's policy.
        origin: the inventory's path as a person would name it, or "hostfile PATH".
    """

    def __init__(self, nodes: Iterable[Node], *, policy: Policy | None = None, origin: str = "") -> None:
        self._nodes = {node.name: node for node in nodes}
        self.names: tuple[str, ...] = tuple(self._nodes)
        self.policy = policy or Policy()
        self.origin = origin

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def node(self, name: str) -> Node:
        """Return one node; KeyError when the fleet has none of that name."""
        return self._nodes[name]

    def members(self, scope: str, value: str) -> tuple[str, ...]:
        """Return the names in one scope, e.g. ("rack", "r12"), in nodeset order; empty where there is no such value."""
        return tuple(self.scope(scope).get(value, ()))

    def scope(self, scope: str) -> Mapping[str, Sequence[str]]:
        """Return value → names for one of SCOPES, values in natural order."""
        raise NotImplementedError

    def attribute(self, key: str) -> Callable[[str], str | None]:
        """Return a function name → value for `@attr:KEY=…`: a field of Node, of its endpoint, or a label."""
        raise NotImplementedError
