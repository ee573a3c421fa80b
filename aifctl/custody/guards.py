"""What stands between a selection and a changing verb: caps, the protected set, consent. Pure but for the question."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aifctl.core.errors import RefusedError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ports.confirm import Confirm

#: More than the smaller of these needs consent (the contract's numbers).
FREE_COUNT = 16
FREE_SHARE = 0.05
#: A whole one of these, of more than one node, needs consent: it is what a job, a switch or a power budget notices.
WHOLE_SCOPES = ("rack", "su", "leaf")

_MOST_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How the person has consented, or may.

    Attributes:
        yes: `--yes` was given.
        confirm_hash: `--confirm-hash`, already compared (see plan_hash); None where it was not given.
        plan_hash: this plan's own hash, for the refusal to name.
    """

    yes: bool = False
    confirm_hash: str | None = None
    plan_hash: str = ""


def violations(
    names: Sequence[str], fleet: Fleet, *, protected: Collection[str] = (), age_s: float | None = None
) -> tuple[str, ...]:
    """Return every cap, protection and staleness that forbids acting on these nodes, each with who or what lifts it.

    `protected` is the policy's selector, resolved; `age_s` the inventory's age where it is known. `--yes` lifts none.
    """
    return (
        *_too_old(fleet, age_s),
        *_too_many(names, fleet),
        *_too_many_per_scope(names, fleet),
        *_protected(names, fleet, frozenset(protected)),
    )


def refuse_violations(
    names: Sequence[str], fleet: Fleet, *, protected: Collection[str] = (), age_s: float | None = None
) -> None:
    """Raise RefusedError that names all violations at once; return where there is none."""
    found = violations(names, fleet, protected=protected, age_s=age_s)
    if found:
        raise RefusedError("; ".join(found))


def reasons_to_ask(names: Sequence[str], fleet: Fleet) -> tuple[str, ...]:
    """Return why this selection needs consent, in words for the question; nothing where it needs none."""
    reasons = []
    free = free_count(len(fleet))
    if len(names) > free:
        reasons.append(f"{len(names)} of {len(fleet)} nodes, more than {free}")
    for scope in WHOLE_SCOPES:
        whole = _whole(names, fleet.scope(scope))
        if whole:
            reasons.append(f"the whole of {scope} {_some(whole)}")
    return tuple(reasons)


def free_count(fleet_count: int) -> int:
    """Return how many nodes need no consent: the smaller of 16 and 5 % of the fleet, rounded up, at least 1."""
    return min(FREE_COUNT, max(1, math.ceil(FREE_SHARE * fleet_count)))


def ask_consent(verb: str, names: Sequence[str], fleet: Fleet, consent: Consent, confirm: Confirm) -> None:
    """Return where no consent is needed or it is given; RefusedError otherwise.

    On a terminal the count must be typed; elsewhere `--yes` or `--confirm-hash` must have been given.
    """
    reasons = reasons_to_ask(names, fleet)
    if not reasons or consent.yes or consent.confirm_hash is not None:
        return
    what = f"{verb} on {_nodes(names)} touches {' and '.join(reasons)}"
    if not confirm.possible:
        by_hash = f" or --confirm-hash {consent.plan_hash}" if consent.plan_hash else ""
        raise RefusedError(f"{what}, and nobody is at the terminal to confirm it: give --yes{by_hash}")
    if not confirm.ask(f"{what}. Type the number of nodes to go on:", expected=str(len(names))):
        raise RefusedError(f"{verb} was not confirmed: {len(names)} was not typed; nothing was done")


def _too_old(fleet: Fleet, age_s: float | None) -> tuple[str, ...]:
    limit_s = fleet.policy.stale_after_s
    if limit_s is None or age_s is None or age_s <= limit_s:
        return ()
    said = (
        f"the inventory {fleet.origin} is {_hours(age_s)} old and its policy refuses changes after {_hours(limit_s)} "
        "(stale_after): bring it up to date"
    )
    return (said,)


def _too_many(names: Sequence[str], fleet: Fleet) -> tuple[str, ...]:
    most = fleet.policy.max_nodes
    if most is None or len(names) <= most:
        return ()
    said = (
        f"{len(names)} nodes are selected and the policy of {fleet.origin} allows {most} in one run (max_nodes): "
        f"take --first {most}, or ask who keeps that policy"
    )
    return (said,)


def _too_many_per_scope(names: Sequence[str], fleet: Fleet) -> tuple[str, ...]:
    found = []
    selected = frozenset(names)
    for scope, most in fleet.policy.max_nodes_per:
        members = fleet.scope(scope)
        counts = {value: sum(name in selected for name in members[value]) for value in members}
        over = [f"{value} ({count})" for value, count in counts.items() if count > most]
        if over:
            found.append(
                f"the policy of {fleet.origin} allows {most} nodes of one {scope} in one run (max_nodes_per) and more "
                f"are selected of {_some(over)}: select fewer, or ask who keeps that policy"
            )
    return tuple(found)


def _protected(names: Sequence[str], fleet: Fleet, protected: frozenset[str]) -> tuple[str, ...]:
    hit = [name for name in names if name in protected]
    if not hit:
        return ()
    said = (
        f"{fold_short(hit)} {'is' if len(hit) == 1 else 'are'} protected by the policy of {fleet.origin}: leave out with "
        f"--exclude '{fleet.policy.protected or fold_short(hit)}', or ask who keeps that policy"
    )
    return (said,)


def _whole(names: Sequence[str], members: Mapping[str, Sequence[str]]) -> list[str]:
    selected = frozenset(names)
    return [value for value, inside in members.items() if len(inside) > 1 and selected.issuperset(inside)]


def _nodes(names: Sequence[str]) -> str:
    return f"{len(names)} node{'s' * (len(names) != 1)} ({fold_short(names)})"


def _some(values: Sequence[str]) -> str:
    more = len(values) - _MOST_NAMED
    return ", ".join(values[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _hours(seconds_s: float) -> str:
    minute_s, hour_s = 60, 3600
    return f"{seconds_s / hour_s:.1f} h" if seconds_s >= hour_s else f"{seconds_s / minute_s:.0f} min"
