"""What a check found: about whom, how bad, on what evidence, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """How a subject stands. `unknown` and `unreachable` are results of their own: never healthy, never a drain."""

    OK = "ok"
    WATCH = "watch"
    DEGRADED = "degraded"
    FAULT = "fault"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"


#: Worst first, for sorting and for "the worst of".
WORST_FIRST = (Result.FAULT, Result.DEGRADED, Result.UNREACHABLE, Result.UNKNOWN, Result.WATCH, Result.OK)
RANK: Mapping[Result, int] = {result: rank for rank, result in enumerate(reversed(WORST_FIRST))}

#: The code of a finding that says that the check itself failed.
CHECK_FAILED = "check-failed"


def worst(results: list[Result]) -> Result:
    """Return the worst; OK of none."""
    return max(results, key=RANK.__getitem__, default=Result.OK)


class Action(StrEnum):
    """What to do, mildest first. DRAIN stands for "take it out and have it looked at" where nothing milder is known to help."""

    NONE = "none"
    WATCH = "watch"
    APP = "app"  # blame the job: restart it
    FIX = "fix"  # a setting or a service, in place
    RESET = "reset"
    REBOOT = "reboot"
    DRAIN = "drain"
    CABLE = "cable"  # hands in the datacenter: reseat, clean, swap the cable
    RMA = "rma"


#: These take the node out of service first.
DRAINING = frozenset({Action.RESET, Action.REBOOT, Action.DRAIN, Action.CABLE, Action.RMA})


#: The check that finds that a node could not be looked at: no file of the drawer, since there is no reading to judge.
REACHABILITY = "reachability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be, or could not be told. What is fine leaves no finding.

    Attributes:
        node: filled in by whoever knows it; "" in triage.
        check: the check's name.
        subject: `gpu:0000:1b:00.0`, `port:mlx5_3/1`, `pci:…`, `mount:/`, `disk:nvme0`, `node`.
        code: tells apart what one check finds: `xid-79`, `pending`; with check and subject it identifies the finding.
        message: one sentence for a person, without node and subject.
        observed, expected: JSON-able. source: where `expected` comes from.
        identity: serial of the part, where known: history follows the part, not the slot.
        at_s: when the evidence arose, seconds since the epoch: a kernel line's own time, else the reading's.
        facts: more evidence, JSON-able (a chain of Xids, links by number).
        debounced: it may be the node still booting; whoever judges over time lets it be a watch until then.
        lasting_s: only what lasts this long is a fault; whoever judges over time lets it be degraded, to be watched, until
            then. For checks that are moving: others are not asked again while nothing changes.
    """

    check: str
    subject: str
    result: Result
    message: str
    action: Action = Action.NONE
    code: str = ""
    node: str = ""
    observed: Any = None
    expected: Any = None
    source: str = ""
    identity: str = ""
    at_s: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    debounced: bool = False
    lasting_s: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding in the next sweep of the same node."""
        return self.check, self.subject, self.code
