"""How a fleet stands by what is remembered of it: every node in exactly one condition, and what was not looked at is never ok.

One value for all that show it: the status table, the map, the page, Nagios, Prometheus, and the text file of cron.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property

from aifctl.diagnosis.finding import RANK, Result
from aifctl.fleet.lifecycle import Manner, State, manner_of


class Condition(StrEnum):
    """What a node counts as. `stale`: what was last seen is too old to be called ok; `out`: nobody looks, on purpose."""

    OK = "ok"
    WATCH = "watch"
    DEGRADED = "degraded"
    FAULT = "fault"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"
    STALE = "stale"
    UNSEEN = "unseen"
    OUT = "out"


#: Worst first. A node that is out is not looked at, so that nothing is worse than to take it for one.
WORST_CONDITION_FIRST = (
    Condition.FAULT,
    Condition.DEGRADED,
    Condition.UNREACHABLE,
    Condition.UNKNOWN,
    Condition.STALE,
    Condition.UNSEEN,
    Condition.WATCH,
    Condition.OUT,
    Condition.OK,
)
CONDITION_RANK: Mapping[Condition, int] = {one: rank for rank, one in enumerate(reversed(WORST_CONDITION_FIRST))}

#: Nobody can tell how they are: neither healthy nor sick.
NOT_LOOKED_AT = frozenset({Condition.UNREACHABLE, Condition.UNKNOWN, Condition.STALE, Condition.UNSEEN})

#: Scopes of incidents that lie in one node, as `incidents.LOCAL` has them: who only shows them loads no judging.
IN_ONE_NODE = frozenset({"gpu", "node", "chassis"})

#: Evidence older than this says nothing of now. Sweeps run every few minutes; three of them lost are an incident.
STALE_AFTER_S = 3600.0

#: On their way out of service, or out of it: what is wrong with them is being dealt with.
_DRAINED = frozenset({State.DRAINING.value, State.DRAINED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node stands, as far as the inventory says; `unit` is its lowest rack unit, 0 where that is not known."""

    rack: str = ""
    su: str = ""
    hall: str = ""
    sku: str = ""
    unit: int = 0
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """One node.

    Attributes:
        state: of its life, as `aifctl.fleet.lifecycle.State` has it; `off` stands beside it.
        result: of the newest look; "" where there was none. at_s: when that was, 0 where there was none.
        seen_at_s: when it last answered; 0 where it never did.
        worst_check: "" where nothing stands.
        why: one sentence where it could not be looked at.
        handled: somebody knows: it is drained, or all that is open about it is acknowledged or silenced.
    """

    node: str
    condition: Condition
    state: str = State.READY.value
    off: bool = False
    result: str = ""
    at_s: float = 0.0
    seen_at_s: float = 0.0
    worst_check: str = ""
    why: str = ""
    handled: bool = False
    place: Place = field(default_factory=Place)

    @property
    def drained(self) -> bool:
        """Whether it is out of service, or on its way."""
        return self.state in _DRAINED


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingHealth:
    """A finding that stands, or has cleared since the last sweep; its words are the node's and not harmless yet."""

    node: str
    check: str
    subject: str
    code: str
    result: str
    action: str
    message: str
    first_at_s: float
    observed: object = None
    expected: object = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentHealth:
    """An open incident; `silenced` while nobody is to be told of it."""

    id: int
    result: str
    check: str
    code: str
    scope: str
    scope_value: str
    nodes: tuple[str, ...]
    action: str
    message: str
    opened_at_s: float
    acked_by: str = ""
    silenced_until_s: float = 0.0
    silenced: bool = False
    suspect: bool = False

    @property
    def handled(self) -> bool:
        """Whether somebody has taken it on, or wants to hear no more of it."""
        return bool(self.acked_by) or self.silenced


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepHealth:
    """The newest sweep of these nodes that has ended; `answered` could be judged."""

    id: str
    started_at_s: float
    ended_at_s: float
    asked: int
    answered: int
    exit_code: int

    @property
    def share(self) -> float:
        """Share of asked that could be judged, 0-1; 0 where nothing was asked: nothing was seen then."""
        return self.answered / self.asked if self.asked else 0.0


class ChangeKind(StrEnum):
    """What became of a finding in the last sweep."""

    NEW = "new"
    CHANGED = "changed"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHealth:
    """What the last sweep found out, alike on `nodes`."""

    kind: ChangeKind
    check: str
    code: str
    result: str
    message: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FleetHealth:
    """All of it, as of `at_s`.

    Attributes:
        nodes: in nodeset order. findings: those that stand, by node.
        incidents: open ones that touch any of the nodes, worst first. changes: since the last sweep.
        sweep: None where none has ended. going_on_since_s: since when a newer one goes on; 0 where none does.
        reconciled_at_s: when reconcile last ran; 0 where it never did.
        not_done: sentences, one for each thing that is wanted and only queued.
        muted: sentences, one for each check that nobody listens to.
    """

    at_s: float
    nodes: tuple[NodeHealth, ...]
    incidents: tuple[IncidentHealth, ...] = ()
    findings: Mapping[str, tuple[FindingHealth, ...]] = field(default_factory=dict)
    changes: tuple[ChangeHealth, ...] = ()
    sweep: SweepHealth | None = None
    going_on_since_s: float = 0.0
    reconciled_at_s: float = 0.0
    not_done: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    stale_after_s: float = STALE_AFTER_S

    @cached_property
    def counts(self) -> Mapping[Condition, int]:
        """Nodes by condition, each in one of them; all conditions are there."""
        return count_conditions(self.nodes)

    @cached_property
    def open_counts(self) -> Mapping[Condition, int]:
        """The same of nodes that nobody is dealing with yet."""
        return count_conditions(node for node in self.nodes if not node.handled)

    @cached_property
    def states(self) -> Mapping[str, int]:
        """Nodes by state of their life, those that are off under `off`; only what there is."""
        counted = Counter("off" if node.off else node.state for node in self.nodes)
        return {name: counted[name] for name in (*State, "off") if counted[name]}

    @property
    def sweep_age_s(self) -> float | None:
        """Seconds since the last sweep ended; None where none has."""
        return max(0.0, self.at_s - self.sweep.ended_at_s) if self.sweep else None

    @property
    def out_of_date(self) -> bool:
        """Whether there is no sweep, or the last one is too old to say anything of now."""
        age_s = self.sweep_age_s
        return age_s is None or age_s > self.stale_after_s


def condition_of(
    result: str, *, state: str, off: bool, age_s: float, is_of_last: bool, stale_after_s: float = STALE_AFTER_S
) -> Condition:
    """Return what a node counts as.

    Args:
        result: of the newest look; "" for none.
        state: of its life; whom a sweep leaves out on purpose is `out`.
        off: powered down on purpose.
        age_s: how long ago that look was.
        is_of_last: it was made by the last sweep that was to ask this node, by one beside it, or since.
        stale_after_s: how old evidence may be.

    What was found sick stays sick until a look says otherwise, however old; ok and watch go stale.
    """
    return _condition(result, state, off, age_s > stale_after_s or not is_of_last)


@cache  # a fleet has a few dozen of these, and thousands of nodes
def _condition(result: str, state: str, off: bool, is_old: bool) -> Condition:
    if manner_of("sweep", State(state), off=off) is Manner.SKIP:
        return Condition.OUT
    if not result:
        return Condition.UNSEEN
    if result not in RANK:
        return Condition.UNKNOWN
    if is_old and result in {Result.OK, Result.WATCH}:
        return Condition.STALE
    return Condition(result)


def count_conditions(nodes: Iterable[NodeHealth]) -> Mapping[Condition, int]:
    """Return how many nodes are in each condition; all conditions are there."""
    counted = Counter(node.condition for node in nodes)
    return {condition: counted[condition] for condition in Condition}
