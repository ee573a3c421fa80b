"""What the store tells: one value type per kind of row. Times are seconds since the epoch; None: not (yet)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.fleet.lifecycle import State
from aifctl.fleet.states import StateNow


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One sweep. `ended_at_s` is None while it goes on, and for ever where it was killed."""

    id: str
    started_at_s: float
    ended_at_s: float | None
    selector: str
    asked: int
    answered: int
    exit_code: int | None
    probe: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """The newest look at a node.

    Attributes:
        sweep: its id. at_s: when it was looked at; seen_at_s: when it last answered, 0 where it never did.
        outcome: of the fan-out: `ok`, `connect-timeout`, …; `message` belongs to it.
        result: `ok`, `watch`, `degraded`, `fault`, `unknown`, `unreachable`. worst_check: "" where nothing stands.
        facts_digest: "" where it never answered; `facts(digest)` gives the body.
        moving, memory, findings: bytes as they were handed in; None in a list that was asked for without bodies, and
            where the node never answered.
    """

    node: str
    sweep: str
    at_s: float
    seen_at_s: float
    outcome: str
    message: str
    result: str
    worst_check: str
    facts_digest: str
    boot_id: str
    moving: bytes | None = None
    memory: bytes | None = None
    findings: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRow:
    """Since when a node has had these facts."""

    node: str
    since_at_s: float
    since_sweep: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """The moving numbers of one look."""

    node: str
    sweep: str
    at_s: float
    moving: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding from its first look to its last; `last_at_s` is None while it stands."""

    node: str
    check: str
    subject: str
    code: str
    result: str
    action: str
    message: str
    first_at_s: float
    first_sweep: str
    last_at_s: float | None = None
    cleared_sweep: str = ""
    identity: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident. `silenced_until_s` is 0 where it is not silenced; `acked_by` "" where nobody has taken it on."""

    id: int
    check: str
    code: str
    scope: str
    scope_value: str
    result: str
    action: str
    opened_at_s: float
    updated_at_s: float
    closed_at_s: float | None = None
    acked_by: str = ""
    acked_at_s: float | None = None
    silenced_until_s: float = 0.0
    nodes: tuple[str, ...] = ()
    message: str = ""
    suspect: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same incident in the next sweep."""
        return self.check, self.code, self.scope, self.scope_value


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLogRow:
    """One thing that happened to an incident: opened, changed, acked, silenced, closed."""

    incident: int
    at_s: float
    who: str
    what: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """Where a node stands. A node without a row stands where its inventory says, at version 0.

    Attributes:
        off: None where nobody has said it since: the inventory's flag counts.
        reason: `aifctl:…` or foreign. owner: whose tool may lift it. why: free text. actor: who moved it, `from_where`.
        version: grows by one with each move; what compare-and-set compares.
    """

    node: str
    state: str
    off: bool | None
    since_at_s: float
    reason: str
    owner: str
    why: str
    actor: str
    from_where: str
    run: str
    version: int

    @property
    def now(self) -> StateNow:
        """Return what is laid over the inventory."""
        return StateNow(state=State(self.state), off=self.off)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRow:
    """One move, or a change of `off` (then source and target are the same)."""

    node: str
    version: int
    source: str
    target: str
    off: bool | None
    at_s: float
    actor: str
    from_where: str
    reason: str
    owner: str
    why: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainRow:
    """A drain: from the move to draining (or drained) to the move that ends it.

    Attributes:
        action: what the check asked for: reset, reboot, …; "" for a person's. boot_id: the boot it was made on.
        incident: 0 where none caused it.
    """

    node: str
    since_at_s: float
    reason: str
    owner: str
    actor: str
    action: str = ""
    boot_id: str = ""
    incident: int = 0
    ended_at_s: float | None = None
    ended_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """What a person wrote about a node."""

    node: str
    at_s: float
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A muted check: it reads unknown, not ok, for the nodes of `selector` ("" for all). Lifted, or over, it is history."""

    id: int
    check: str
    selector: str
    until_s: float
    who: str
    reason: str
    at_s: float
    lifted_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds what until when; `scope` is `node:NAME`, or the name of something else there is one of."""

    scope: str
    owner: str
    purpose: str
    since_s: float
    until_s: float
    renewed_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Nodes that changing verbs refuse; `names` is what the selector meant when it was frozen."""

    id: int
    selector: str
    names: tuple[str, ...]
    reason: str
    who: str
    at_s: float
    lifted_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A notification.

    Attributes:
        state: due, sent or failed (given up). taken_until_s: a sender is at it until then; 0: nobody.
    """

    id: int
    incident: int
    channel: str
    payload: str
    due_at_s: float
    attempts: int
    state: str
    sent_at_s: float | None = None
    last_error: str = ""
    taken_until_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One line of the time line; `node` is "" where it is about none. Kinds: sweep, finding, incident, state, note."""

    at_s: float
    kind: str
    node: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
