"""What a sweep's incidents ask for: whom to drain, whom to suspect, whom no longer. Pure: values in, a decision out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aifctl.core.printable import printable_line
from aifctl.custody.drain_budget import within_budget
from aifctl.custody.drains import Evidence, drain_reason, parse_drain_reason
from aifctl.custody.moving import DRAINABLE, OUT, Stand
from aifctl.diagnosis.finding import CHECK_FAILED, Action, Result
from aifctl.diagnosis.incidents import PROFILE, Incident, drains
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.ports.store_rows import IncidentRow

#: So many looks in a row that could not tell make a node suspect: one is a lost packet, two a reboot.
SUSPECT_LOOKS_COUNT = 3

_BLIND = frozenset({Result.UNREACHABLE, Result.UNKNOWN})
_MOST_REASON = 200
_STALE = "what was found stands from an earlier look: this one could not see it"
_URGENCY = tuple(Action)

Sighted = tuple[Incident, IncidentRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the decision stands on.

    Attributes:
        fleet: with its policy and scopes.
        stands: of every node, by name.
        seen: node → the checks that found something in this very sweep's look; a node that is not in it, this sweep has
            not looked at, and leaves alone. What stands from an earlier look drains nobody.
        looks: node → looks in a row that could not tell, of those with such an incident.
        evidence: of the nodes that are suspect now.
        untouchable: node → why nobody may touch it: off, protected, frozen.
    """

    fleet: Fleet
    stands: Mapping[str, Stand]
    seen: Mapping[str, Collection[str]] = field(default_factory=dict)
    looks: Mapping[str, int] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    untouchable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One node that is to be moved, and the incident that asks for it."""

    stand: Stand
    incident: Incident
    row: IncidentRow

    @property
    def node(self) -> str:
        return self.stand.node

    @property
    def reason(self) -> str:
        """Return `aifctl:check:NAME text`, as it stands in the store and in Slurm."""
        return str(drain_reason("check", self.incident.check, printable_line(self.incident.message)[:_MOST_REASON]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done.

    Attributes:
        drain: most urgent first.
        clear: suspect nodes of which the check is clean again.
        withheld: (node, why) of those that are to be drained and may not be.
    """

    drain: tuple[Wanted, ...] = ()
    suspect: tuple[Wanted, ...] = ()
    clear: tuple[Stand, ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()


def decide(sighted: Sequence[Sighted], ground: Ground) -> Decision:
    """Return what the policy allows of what the incidents ask for.

    A suspect check and a cause outside of the nodes drain nobody; neither does what could not be looked at.
    """
    every = list(_wanted(sighted, ground))
    wanted = _urgent_first(one for one in every if one.incident.check in ground.seen[one.node])
    kept = {one.node: _STALE for one in every} | {one.node: _why_not(one, ground) for one in wanted}
    kept = {node: why for node, why in kept.items() if why}
    out = [name for name, stand in ground.stands.items() if stand.state in OUT]
    budgeted = within_budget([one.node for one in wanted if one.node not in kept], out, ground.fleet)
    allowed = frozenset(budgeted.allowed)
    drain = tuple(one for one in wanted if one.node in allowed)
    return Decision(
        drain=drain,
        suspect=tuple(one for one in _blind(sighted, ground) if one.node not in allowed),
        clear=tuple(stand for stand in ground.stands.values() if _is_clean(stand, ground)),
        withheld=(*kept.items(), *budgeted.withheld),
    )


def is_blind(incident: Incident) -> bool:
    """Return whether nodes could not be looked at, each for itself. Where a check has failed, that says nothing of the node."""
    of_its_own = not incident.suspect and not incident.shared and incident.code != CHECK_FAILED
    of_its_own = of_its_own and incident.check != PROFILE  # the inventory's fault
    return incident.result in _BLIND and of_its_own


def _wanted(sighted: Iterable[Sighted], ground: Ground) -> Iterator[Wanted]:
    for incident, row in sighted:
        if drains(incident):
            for node in incident.nodes:
                stand = ground.stands.get(node)
                if stand is not None and stand.state in DRAINABLE and node in ground.seen:
                    yield Wanted(stand=stand, incident=incident, row=row)


def _urgent_first(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Return each node once, by the worst of its incidents: what a reset mends waits for what must be replaced."""
    ordered = sorted(wanted, key=lambda one: (-_URGENCY.index(one.incident.action), one.row.opened_at_s, one.node))
    return list({one.node: one for one in reversed(ordered)}.values())[::-1]


def _why_not(one: Wanted, ground: Ground) -> str:
    if one.node in ground.untouchable:
        return ground.untouchable[one.node]
    stand = one.stand
    if stand.state is State.READY and stand.owner == "person" and stand.since_at_s >= one.row.opened_at_s:
        since = datetime.fromtimestamp(stand.since_at_s, tz=UTC)
        return f"a person has put it back since {since:%Y-%m-%dT%H:%M:%SZ} although incident {one.row.id} stood ({stand.reason})"
    return ""


def _blind(sighted: Iterable[Sighted], ground: Ground) -> Iterator[Wanted]:
    seen: set[str] = set()
    for incident, row in sighted:
        for node in incident.nodes if is_blind(incident) else ():
            stand = ground.stands.get(node)
            if stand is None or node in seen or stand.state is not State.READY or node in ground.untouchable:
                continue
            if node in ground.seen and ground.looks.get(node, 0) >= SUSPECT_LOOKS_COUNT:
                seen.add(node)
                yield Wanted(stand=stand, incident=incident, row=row)


def _is_clean(stand: Stand, ground: Ground) -> bool:
    """Return whether the check that made a node suspect is clean on newer evidence; a person's suspicion is theirs."""
    reason, evidence = parse_drain_reason(stand.reason), ground.evidence.get(stand.node)
    if stand.state is not State.SUSPECT or evidence is None or reason is None or reason.owner != "check":
        return False
    newer = evidence.seen_at_s > stand.since_at_s
    return newer and reason.id in evidence.judged and reason.id not in evidence.found
