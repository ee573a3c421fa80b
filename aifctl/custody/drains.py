"""Whose drain it is, and what must be seen before it may be lifted. Pure: values in, a sentence or nothing out."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from aifctl.core.errors import UsageError

#: Only what bears it is ours to clear.
PREFIX = "aifctl"
_OWNERS = ("check", "run", "person")
_REASON = re.compile(rf"{PREFIX}:(?P<owner>{'|'.join(_OWNERS)}):(?P<id>[^\s:][^\s]*)(?: (?P<text>.*))?", re.DOTALL)
#: After these the node must have booted since.
_NEEDS_BOOT = frozenset({"reset", "reboot", "rma"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReason:
    """`aifctl:OWNER:ID free text`, as it stands in the store and in Slurm.

    Attributes:
        owner: check, run or person. id: the check's name, the run's id, the person's.
    """

    owner: str
    id: str
    text: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}:{self.owner}:{self.id}{' ' if self.text else ''}{self.text}"


def drain_reason(owner: str, id: str, text: str) -> DrainReason:  # noqa: A002  the reason's own word
    """Make a reason; UsageError for an owner or id that could not be read back."""
    made = DrainReason(owner=owner, id=id, text=" ".join(text.split()))
    if parse_drain_reason(str(made)) != made:
        raise UsageError(
            f"{owner!r} and {id!r} make no drain reason: an id is one word, an owner one of {', '.join(_OWNERS)}"
        )
    return made


def parse_drain_reason(text: str) -> DrainReason | None:
    """Return a reason of ours; None for a foreign one, which is not ours to clear."""
    match = _REASON.fullmatch(text)
    return DrainReason(owner=match["owner"], id=match["id"], text=match["text"] or "") if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A drain that stands.

    Attributes:
        at_s: since when, seconds since the epoch. boot_id: the boot it was made on; "" where that was not known.
        action: what the check asked for: reset, reboot, drain, cable, rma; "" for a person's.
    """

    node: str
    reason: str
    at_s: float
    boot_id: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The newest look at the node.

    Attributes:
        seen_at_s: when it last answered; 0 never.
        judged: checks that could be judged then. found: checks with a finding that stands, worse than watch.
    """

    seen_at_s: float = 0.0
    boot_id: str = ""
    judged: Collection[str] = ()
    found: Collection[str] = ()


def why_not_undrain(drain: Drain, evidence: Evidence) -> str:
    """Return why a drain may not be lifted on the evidence alone; "" where it may.

    A person's reason overrides what this says of our own drains, never a foreign owner.
    """
    reason = parse_drain_reason(drain.reason)
    if reason is None:
        return f"it was drained by somebody else ({drain.reason!r}): its owner lifts it, or --take-over makes it ours"
    if evidence.seen_at_s <= drain.at_s:
        return "nothing newer than the drain is known of it: sweep it first"
    return _not_clean(reason, evidence) or _not_booted(reason, drain, evidence)


def _not_clean(reason: DrainReason, evidence: Evidence) -> str:
    if reason.owner != "check":
        return f"{', '.join(sorted(evidence.found))} finds something" if evidence.found else ""
    if reason.id in evidence.found:
        return f"{reason.id} still finds something"
    return "" if reason.id in evidence.judged else f"{reason.id} could not be judged in the newest sweep of it"


def _not_booted(reason: DrainReason, drain: Drain, evidence: Evidence) -> str:
    if drain.action in _NEEDS_BOOT and (not evidence.boot_id or evidence.boot_id == drain.boot_id):
        return f"it has not booted since, and {reason.id} asked for a {drain.action}"
    return ""
