"""Who holds nodes against a verb: freezes, leases, drains that are not ours. Pure: rows in, reasons out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aifctl.core.errors import RefusedError
from aifctl.core.moments import said_at_s
from aifctl.core.words import counted
from aifctl.custody.drains import parse_drain_reason
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ports.store_rows import DrainRow, Freeze, Lease

#: A lease over a node has this before the node's name.
NODE_SCOPE = "node:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a verb that needs a node for itself refuses it.

    Attributes:
        reason: as it stands behind a count: "leased by … until …".
        passes: it ends by itself (75, try later); otherwise somebody must lift it (5).
    """

    reason: str
    passes: bool


def holds_over(leases: Iterable[Lease], drains: Iterable[DrainRow], *, owner: str = "") -> dict[str, Hold]:
    """Return node → what holds it; `owner`'s own leases hold nothing against it. Of two holds the one that stays counts."""
    held = {
        lease.scope.removeprefix(NODE_SCOPE): Hold(reason=_leased(lease), passes=True)
        for lease in leases
        if lease.scope.startswith(NODE_SCOPE) and not (owner and lease.owner == owner)
    }
    for drain in drains:
        if drain.ended_at_s is None and parse_drain_reason(drain.reason) is None:
            held[drain.node] = Hold(reason=_foreign(drain), passes=False)
    return held


def refuse_frozen(verb: str, names: Sequence[str], freezes: Iterable[Freeze]) -> None:
    """Raise RefusedError where a freeze that stands covers some of the nodes: who froze what, since when and why."""
    said = [_frozen(freeze, hit) for freeze in freezes if freeze.lifted_at_s is None and (hit := _hit(names, freeze))]
    if said:
        raise RefusedError(f"{verb} is refused: {'; '.join(said)}; aifctl unfreeze lifts it, --exclude goes round it")


def _hit(names: Sequence[str], freeze: Freeze) -> list[str]:
    frozen = frozenset(freeze.names)
    return [name for name in names if name in frozen]


def _frozen(freeze: Freeze, hit: Sequence[str]) -> str:
    by = f"frozen by {freeze.who} since {said_at_s(freeze.at_s)}"
    return f"{counted(len(hit))} ({fold_short(hit)}) {'is' if len(hit) == 1 else 'are'} {by}{_because(freeze.reason)}"


def _leased(lease: Lease) -> str:
    return f"leased by {lease.owner} until {said_at_s(lease.until_s)}{_because(lease.purpose)}"


def _foreign(drain: DrainRow) -> str:
    by = drain.owner or drain.actor or "somebody"
    return f"drained by {by} since {said_at_s(drain.since_at_s)}, not by aifctl{_because(drain.reason)}"


def _because(text: str) -> str:
    return f": {text}" if text else ""
