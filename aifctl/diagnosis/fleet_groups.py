"""A fleet's nodes put together by what they share: a rack, a unit, a state, a result, a check that finds something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from aifctl.diagnosis.fleet_health import CONDITION_RANK, Condition, FleetHealth, NodeHealth, count_conditions
from aifctl.fleet.nodeset_order import sort_names

#: What stands in a column where the inventory, or the store, says nothing.
NOTHING = "-"


class By(StrEnum):
    """What nodes can be grouped by. In `feed` and `check` a node may be in several groups, in all others in one."""

    RACK = "rack"
    SU = "su"
    HALL = "hall"
    SKU = "sku"
    STATE = "state"
    FEED = "feed"
    RESULT = "result"
    CHECK = "check"
    NODE = "node"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Nodes that share `value`, in the fleet's order."""

    value: str
    nodes: tuple[NodeHealth, ...]

    @cached_property
    def counts(self) -> Mapping[Condition, int]:
        """Nodes by condition; all conditions are there."""
        return count_conditions(self.nodes)

    @cached_property
    def worst(self) -> NodeHealth:
        """The node that is worst off, the first of them."""
        return max(self.nodes, key=lambda node: CONDITION_RANK[node.condition])

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say but that all are ok."""
        return self.counts[Condition.OK] == len(self.nodes)

    @property
    def oldest_at_s(self) -> float | None:
        """When the node of them that is looked at was last looked at, the longest ago; None where none ever was."""
        times = [node.at_s for node in self.nodes if node.condition is not Condition.OUT and node.at_s]
        return min(times, default=None)


def grouped(health: FleetHealth, by: By) -> tuple[Group, ...]:
    """Return the groups in natural order; those by result in order of badness."""
    values = _values(health, by)
    members: dict[str, list[NodeHealth]] = {}
    for node in health.nodes:
        for value in values(node) or (NOTHING,):
            members.setdefault(value or NOTHING, []).append(node)
    return tuple(Group(value=value, nodes=tuple(members[value])) for value in _ordered(members, by))


def usual_grouping(health: FleetHealth) -> By:
    """Return the widest scope of the inventory that still says where: units, or racks, or halls; else states."""
    for by in (By.SU, By.RACK, By.HALL):
        values = _values(health, by)
        if any(any(values(node)) for node in health.nodes):
            return by
    return By.STATE


def _values(health: FleetHealth, by: By) -> Callable[[NodeHealth], Sequence[str]]:
    if by is By.CHECK:
        return lambda node: sorted({one.check for one in health.findings.get(node.node, ())})
    return _VALUES[by]


def _ordered(members: Mapping[str, Sequence[NodeHealth]], by: By) -> Iterable[str]:
    if by is By.RESULT:
        return sorted(members, key=lambda value: -CONDITION_RANK[Condition(value)])
    named = [value for value in members if value != NOTHING]
    return [*sort_names(named), *([NOTHING] if NOTHING in members else [])]


_VALUES: Mapping[By, Callable[[NodeHealth], Sequence[str]]] = {
    By.RACK: lambda node: (node.place.rack,),
    By.SU: lambda node: (node.place.su,),
    By.HALL: lambda node: (node.place.hall,),
    By.SKU: lambda node: (node.place.sku,),
    By.STATE: lambda node: ("off" if node.off else node.state,),
    By.FEED: lambda node: node.place.feeds,
    By.RESULT: lambda node: (node.condition.value,),
    By.NODE: lambda node: (node.node,),
}
