"""How many nodes `sweep --act` may take out of service, counting those that are out already, whoever drained them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aifctl.fleet.fleet import Fleet
from aifctl.fleet.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """Which of the wanted nodes may be drained, and why the others may not.

    Attributes:
        withheld: (node, sentence naming the cap).
    """

    allowed: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...] = ()


def within_budget(wanted: Sequence[str], out: Collection[str], fleet: Fleet) -> Budgeted:
    """Allow the wanted nodes in their order, the most urgent first, while the policy's caps hold.

    Args:
        wanted: nodes to drain; those in `out` are allowed without counting twice.
        out: nodes draining, drained or in repair now.
        fleet: with its policy, and the scopes that caps are counted in.
    """
    policy = fleet.policy
    limit = _limit(policy, len(fleet))
    caps = dict(policy.drain_max_nodes_per)
    places = {scope: _places(fleet, scope, wanted) for scope in caps}
    counts = {
        scope: {value: len(set(members) & set(out)) for value, members in fleet.scope(scope).items()} for scope in caps
    }
    total, allowed, withheld = len(set(out)), list[str](), list[tuple[str, str]]()
    for node in wanted:
        if node in out:
            allowed.append(node)
            continue
        reason = _full(node, total, limit, caps, counts, places)
        if reason:
            withheld.append((node, reason))
            continue
        allowed.append(node)
        total += 1
        for scope, by_node in places.items():
            for value in by_node.get(node, ()):
                counts[scope][value] += 1
    return Budgeted(allowed=tuple(allowed), withheld=tuple(withheld))


def _limit(policy: Policy, nodes_count: int) -> int:
    """Return the smaller of count and share; a small fleet may always lose one."""
    return max(1, min(policy.drain_max_nodes, int(policy.drain_max_share * nodes_count)))


def _places(fleet: Fleet, scope: str, wanted: Sequence[str]) -> Mapping[str, list[str]]:
    asked = frozenset(wanted)
    places: dict[str, list[str]] = {}
    for value, members in fleet.scope(scope).items():
        for node in members:
            if node in asked:
                places.setdefault(node, []).append(value)
    return places


def _full(
    node: str,
    total: int,
    limit: int,
    caps: Mapping[str, int],
    counts: Mapping[str, Mapping[str, int]],
    places: Mapping[str, Mapping[str, Sequence[str]]],
) -> str:
    if total >= limit:
        return f"{total} of {limit} nodes that may be out of service are"
    for scope, by_node in places.items():
        for value in by_node.get(node, ()):
            if counts[scope][value] >= caps[scope]:
                return (
                    f"{counts[scope][value]} of {caps[scope]} nodes of {scope} {value} that may be out of service are"
                )
    return ""
