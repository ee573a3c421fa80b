"""Which shared thing explains that several nodes are hit: a leaf, a rack, a unit, a feed, a hall, a driver version.

A scope explains where most of it is hit and hardly anything else is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aifctl.diagnosis.finding import Finding

Port = tuple[str, str]
#: Kind, value, and the hit nodes that it covers, in order of name.
Explanation = tuple[str, str, tuple[str, ...]]

#: From the narrowest to the widest: of scopes that explain as much, the narrowest is named.
SHARED = ("leaf", "rack", "su", "feed", "hall", "cohort")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a scope explains, and when a check is suspect. Our own choice, to be overruled by a site's policy.

    Attributes:
        least_nodes: fewer hit nodes in a scope are a coincidence.
        share_inside: at least this share of the scope's nodes that were judged is hit.
        contrast: the share that is hit outside is at most this part of the share inside.
        suspect_share: a larger share of the fleet, unexplained, makes the check suspect. At the base rate of Llama-3's
            training (419 interruptions in 54 days on 16,384 H100) 50,000 GPUs have one failure an hour.
        suspect_least_nodes: … but never fewer nodes than this.
        job_least_nodes: so many nodes that tell the same of one process …
        job_within_s: … within so long of each other tell of a job, and of none of their GPUs.
        job_told_s: as long as that is news.
    """

    least_nodes: int = 3
    share_inside: float = 0.6
    contrast: float = 0.25
    suspect_share: float = 0.05
    suspect_least_nodes: int = 5
    job_least_nodes: int = 3
    job_within_s: float = 300.0
    job_told_s: float = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where the nodes stand, and which were judged.

    Attributes:
        judged: nodes that this sweep has an answer of; for `reachability`, those that were asked.
        scopes: kind → value → nodes, for rack, su, feed, hall and cohort.
        leaf_of: (node, HCA device) → leaf. A leaf's ports are counted, not its nodes: each node has others.
        gpu_counts: GPUs in each node's reading.
        at_s: now, seconds since the epoch; 0 where what happened long ago is as new as the rest.
    """

    judged: frozenset[str]
    scopes: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    leaf_of: Mapping[Port, str] = field(default_factory=dict)
    gpu_counts: Mapping[str, int] = field(default_factory=dict)
    at_s: float = 0.0


class Scopes:
    """The ground, turned over: which scopes a node is in, and how many judged nodes are in each."""

    def __init__(self, ground: Ground) -> None:
        self.judged_count = len(ground.judged)
        self.of: dict[str, dict[str, list[str]]] = {kind: {} for kind in ground.scopes}
        self.sizes: dict[str, Counter[str]] = {kind: Counter() for kind in ground.scopes}
        for kind, members in ground.scopes.items():
            for value, nodes in members.items():
                for node in nodes:
                    if node in ground.judged:
                        self.of[kind].setdefault(node, []).append(value)
                        self.sizes[kind][value] += 1
        self.leaf_of = {port: leaf for port, leaf in ground.leaf_of.items() if port[0] in ground.judged}
        self.leaf_sizes = Counter(self.leaf_of.values())


def explaining(hit: Mapping[str, list[Finding]], scopes: Scopes, rules: Rules) -> Iterator[Explanation]:
    """Yield scopes that explain, the one that explains most first, each with the hit nodes that it covers.

    `hit` may lose nodes between two steps.
    """
    while len(hit) >= rules.least_nodes:
        found = [*_candidates(hit, scopes, rules), *_leaves(hit, scopes, rules)]
        if not found:
            return
        yield max(found, key=lambda one: (len(one[2]), -SHARED.index(one[0]), one[1]))


def _candidates(hit: Mapping[str, list[Finding]], scopes: Scopes, rules: Rules) -> Iterator[Explanation]:
    for kind, of in scopes.of.items():
        inside: dict[str, list[str]] = {}
        for node in hit:
            for value in of.get(node, ()):
                inside.setdefault(value, []).append(node)
        for value, nodes in inside.items():
            size = scopes.sizes[kind][value]
            if _stands_out(len(nodes), size, len(hit) - len(nodes), scopes.judged_count - size, rules):
                yield kind, value, tuple(sorted(nodes))


def _leaves(hit: Mapping[str, list[Finding]], scopes: Scopes, rules: Rules) -> Iterator[Explanation]:
    ports = {port for node, those in hit.items() for one in those if (port := _port_of(node, one)) in scopes.leaf_of}
    inside: dict[str, set[str]] = {}
    for port in ports:
        inside.setdefault(scopes.leaf_of[port], set()).add(port[0])
    total = scopes.leaf_sizes.total()
    for leaf, nodes in inside.items():
        size = scopes.leaf_sizes[leaf]
        if _stands_out(len(nodes), size, len(ports) - len(nodes), total - size, rules):
            yield "leaf", leaf, tuple(sorted(nodes))


def _port_of(node: str, finding: Finding) -> Port:
    """Return node and HCA device of a finding about a port (`port:mlx5_3/1`)."""
    kind, _, rest = finding.subject.partition(":")
    return (node, rest.partition("/")[0]) if kind == "port" else (node, "")


def _stands_out(inside: int, judged: int, outside: int, others: int, rules: Rules) -> bool:
    """Return whether most of a scope is hit and hardly anything outside; what has no outside stands out from nothing."""
    if inside < rules.least_nodes or inside < rules.share_inside * judged or not others:
        return False
    return outside / others <= rules.contrast * inside / judged
