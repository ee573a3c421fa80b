"""What the store is handed: one value type per kind of write. Times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aifctl.fleet.lifecycle import State


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who does it, and from where (`10.0.0.5 pts/3`); `run` is the run or sweep that caused it."""

    who: str
    from_where: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """What is new of a finding: `opened` and `changed` carry the whole of it, `cleared` needs its key alone."""

    kind: str
    check: str
    subject: str
    code: str
    result: str = ""
    action: str = ""
    message: str = ""
    identity: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    OPENED = "opened"
    CHANGED = "changed"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLook:
    """What one look at one node came to.

    Attributes:
        answered: it told something: `seen_at_s` becomes `at_s`, and `moving` is kept in the history of readings.
        facts_digest: sha256 of the facts, hex; "" leaves the old one. facts: their canonical JSON; None where the store
            has them already, which it says (`NodeRow.facts_digest`).
        moving: JSON, ASCII; None leaves the old ones. memory, findings: JSON, ASCII; None where they are unchanged.
        boot_id: "" leaves the old one.
        changes: of findings.
        after_s: `NodeRow.at_s` of the look that it was judged against, 0 for none. Where the newest is another one by now
            (two sweeps at once), this look is kept as a reading and nothing else, since its changes don't fit. None: not checked.
    """

    node: str
    at_s: float
    outcome: str
    result: str
    message: str = ""
    answered: bool = True
    worst_check: str = ""
    boot_id: str = ""
    facts_digest: str = ""
    facts: bytes | None = None
    moving: bytes | None = None
    memory: bytes | None = None
    findings: bytes | None = None
    changes: Sequence[FindingChange] = ()
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An incident as a sweep sees it; the store knows by its key whether it stands already."""

    check: str
    code: str
    scope: str
    scope_value: str
    result: str
    action: str
    message: str
    nodes: tuple[str, ...] = ()
    suspect: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same incident in the next sweep."""
        return self.check, self.code, self.scope, self.scope_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move, made only while the node stands as it was seen.

    Attributes:
        source, expected_version: as it was seen: a StateRow's, or the inventory's state and 0 where there is no row.
        target: the same as `source` where only `off` changes. off: None leaves it.
        reason: `aifctl:…` for a drain. owner: whose tool may lift it. why: free text.
        action, boot_id, incident: for a drain, see DrainRow.
    """

    node: str
    source: State
    target: State
    expected_version: int
    off: bool | None = None
    reason: str = ""
    owner: str = ""
    why: str = ""
    action: str = ""
    boot_id: str = ""
    incident: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing to be sent; of one incident and channel at most one is due at a time: a newer one takes its place."""

    incident: int
    channel: str
    payload: str
    due_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line for the time line."""

    kind: str
    text: str
    node: str = ""
    at_s: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
