"""What there is to say of a fleet before any table: sentences that the terminal, Markdown and the page share.

They hold text from nodes; whoever shows them makes it harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aifctl.diagnosis.fleet_groups import Group
from aifctl.diagnosis.fleet_health import (
    IN_ONE_NODE,
    ChangeHealth,
    ChangeKind,
    Condition,
    FleetHealth,
    IncidentHealth,
    NodeHealth,
    SweepHealth,
)
from aifctl.fleet.lifecycle import State
from aifctl.fleet.nodeset import fold, sort_names
from aifctl.output.ages import show_age, show_time

#: A sweep that has been going on for longer was killed: one of 6,250 nodes takes under two minutes.
_KILLED_AFTER_S = 1800.0
_LEAST_SHARE = 0.98
#: Reconcile runs every minute or so.
_RECONCILE_LATE_S = 900.0

_READY = frozenset({State.READY.value, State.ALLOCATED.value})

#: What stands before a change of a finding.
CHANGE_SIGNS = {ChangeKind.NEW: "+", ChangeKind.CHANGED: "~", ChangeKind.CLEARED: "-"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of the headline; `alarming` where somebody should do something about it."""

    text: str
    alarming: bool = False


def counted(health: FleetHealth) -> list[tuple[Condition, int]]:
    """Return the conditions there are, with the nodes of each."""
    return [(condition, count) for condition, count in health.counts.items() if count]


def headline(health: FleetHealth) -> Iterator[Sentence]:
    """Yield what stands under the counts: states, the last sweep, reconcile, what is queued, what is muted."""
    yield from _states(health)
    yield _last_sweep(health)
    yield from _going_on(health)
    yield _reconciled(health)
    yield from (Sentence(f"NOT DONE: {what}", alarming=True) for what in health.not_done)
    yield from (Sentence(f"muted: {what}", alarming=True) for what in health.muted)


def folded_incidents(incidents: Sequence[IncidentHealth]) -> list[list[IncidentHealth]]:
    """Return incidents, those of single nodes and GPUs that are alike together, the oldest of them first."""
    found: dict[tuple[object, ...], list[IncidentHealth]] = {}
    for one in incidents:
        alike = (one.check, one.code, one.result, one.action, one.acked_by, one.silenced_until_s, one.suspect)
        alone = () if one.scope in IN_ONE_NODE else (one.id,)
        found.setdefault((*alike, *alone), []).append(one)
    return [sorted(those, key=lambda one: (one.opened_at_s, one.id)) for those in found.values()]


def incident_numbers(alike: Sequence[IncidentHealth]) -> str:
    """Return `#41`, or `#1,4-12` of several."""
    return f"#{fold([str(one.id) for one in alike]).strip('[]')}"


def incident_title(alike: Sequence[IncidentHealth]) -> str:
    """Return `rack r012: gpu-lost, 4 nodes r012n[01-04]`; of several that are alike their check and all their nodes."""
    one = alike[0]
    if len(alike) > 1:
        return f"{one.check} on {nodes_of(names_of(alike))}"
    parts = [incident_place(one)] if one.scope == "check" else [f"{incident_place(one)}: {one.check}"]
    if one.nodes and (one.scope, one.scope_value) != ("node", one.nodes[0]):
        parts.append(nodes_of(one.nodes))
    return ", ".join(parts)


def names_of(alike: Sequence[IncidentHealth]) -> tuple[str, ...]:
    """Return the nodes of all of them, in nodeset order."""
    return tuple(sort_names({name for each in alike for name in each.nodes}))


def incident_place(one: IncidentHealth) -> str:
    """Return `rack r012`, `node r012n03`, `gpu 1652823054567`; for what has no nodes of its own just that."""
    return f"{one.scope} {one.scope_value}"


def incident_facts(one: IncidentHealth, at_s: float) -> list[str]:
    """Return what there is to know of an incident beside its message: since when, what to do, who is at it."""
    facts = [f"since {show_age(at_s - one.opened_at_s)}"]
    if one.action != "none":
        facts.append(f"action {one.action}")
    if one.suspect:
        facts.append("the check is suspect: no action is taken")
    if one.acked_by:
        facts.append(f"acked by {one.acked_by}")
    if one.silenced:
        facts.append(f"silenced until {show_time(one.silenced_until_s)}")
    return facts


def nodes_of(names: tuple[str, ...]) -> str:
    """Return `r012n03`, or `4 nodes r012n[01-04]`."""
    return names[0] if len(names) == 1 else f"{len(names)} nodes {fold(names)}"


def change_sentence(one: ChangeHealth) -> str:
    """Return `fault gpu-lost, r012n03: the GPU at …`: what it is about stands before what a narrow screen cuts."""
    return f"{one.result} {one.check}, {nodes_of(one.nodes)}: {one.message}"


def worst_of(group: Group) -> str:
    """Return what the worst node of a group has: `gpu-lost r012n03`; "" where all are ok or out."""
    worst = group.worst
    if worst.condition in {Condition.OK, Condition.OUT}:
        return ""
    return f"{why_of(worst)} {worst.node}"


def why_of(node: NodeHealth) -> str:
    """Return what makes a node what it counts as: a check's name, or that nobody has looked."""
    if node.condition is Condition.STALE:
        return "not seen"
    if node.condition is Condition.UNSEEN:
        return "never seen"
    return node.worst_check or node.condition.value


def reason_of(node: NodeHealth, health: FleetHealth) -> str:
    """Return what makes a node what it counts as, in a sentence where there is one; "" where it is ok or out."""
    if node.condition in {Condition.OK, Condition.OUT}:
        return ""
    found = next((one.message for one in health.findings.get(node.node, ()) if one.check == node.worst_check), "")
    said = node.why or found
    return f"{why_of(node)}: {said}" if said else why_of(node)


def _states(health: FleetHealth) -> Iterator[Sentence]:
    apart = [f"{count} {name}" for name, count in health.states.items() if name not in _READY]
    if apart:
        yield Sentence(f"not ready: {', '.join(apart)}")


def _last_sweep(health: FleetHealth) -> Sentence:
    sweep, age_s = health.sweep, health.sweep_age_s
    if sweep is None or age_s is None:
        seen = sum(bool(node.result) for node in health.nodes)
        looked = (
            f"{seen:,} of {len(health.nodes):,} nodes were looked at" if seen else "nobody has looked (aifctl sweep)"
        )
        return Sentence(f"no sweep has ended yet: {looked}", alarming=True)
    told = f"last sweep {show_age(age_s)} ago ({sweep.id}): {_coverage(sweep)}"
    if health.out_of_date:
        return Sentence(f"{told}; TOO OLD to say anything of now: does cron run `aifctl sweep`?", alarming=True)
    return Sentence(told, alarming=sweep.share < _LEAST_SHARE)


def _coverage(sweep: SweepHealth) -> str:
    # Rounded down: 6249 of 6250 is not 100 %.
    share = int(sweep.share * 1000) / 10
    took = show_age(sweep.ended_at_s - sweep.started_at_s)
    return f"{sweep.answered} of {sweep.asked} nodes judged ({share:g} %), took {took}"


def _going_on(health: FleetHealth) -> Iterator[Sentence]:
    since_s = health.going_on_since_s
    if not since_s:
        return
    age_s = health.at_s - since_s
    if age_s > _KILLED_AFTER_S:
        yield Sentence(f"the sweep that began {show_age(age_s)} ago has never ended", alarming=True)
    else:
        yield Sentence(f"a sweep is going on since {show_age(age_s)}")


def _reconciled(health: FleetHealth) -> Sentence:
    if not health.reconciled_at_s:
        return Sentence("reconcile has never run: nothing that is queued gets done (aifctl reconcile, from cron)", True)
    age_s = health.at_s - health.reconciled_at_s
    return Sentence(f"reconcile {show_age(age_s)} ago", alarming=age_s > _RECONCILE_LATE_S)
