"""Acting on a sweep's verdict: nodes drained by policy within its budgets, others made suspect, or no longer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aifctl.core.errors import BusyError
from aifctl.core.words import counted
from aifctl.custody import guards
from aifctl.custody.audit import append_act
from aifctl.custody.moving import Ground as MoveGround, Stand, move_to, stands, take_out
from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.incidents import Incident, drains
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.fleet.selector import parse_selector, resolve
from aifctl.health.alone import Pause, alone
from aifctl.health.deciding import (
    SUSPECT_LOOKS_COUNT,
    Decision,
    Ground,
    Sighted,
    Wanted,
    decide,
    is_blind,
)
from aifctl.health.evidence import evidence_of, missed_looks_count, seen_checks
from aifctl.ports.store import ConflictError, Store
from aifctl.ports.store_writes import By
from aifctl.ports.toolbox import Toolbox

#: There is one: of two sweeps that act at once the second must count what the first has drained.
ACTING = "acting"

_LEASE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What was done, and what was not.

    Attributes:
        drained, suspected: (node, reason). cleared: nodes that are no longer suspect.
        withheld: (node, why) of those that ought to be drained and may not be.
        overtaken: (node, sentence) of those that somebody else moved meanwhile; nothing is lost, the next sweep looks again.
        left: why nothing could be done at all; "" where it could.
    """

    drained: tuple[tuple[str, str], ...] = ()
    suspected: tuple[tuple[str, str], ...] = ()
    cleared: tuple[str, ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()
    overtaken: tuple[tuple[str, str], ...] = ()
    left: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return it in sentences, for stderr."""
        said = [
            *_said("drained", self.drained),
            *_said("suspect now", self.suspected),
            *_said("no longer suspect", [(node, "the check is clean again") for node in self.cleared]),
            *_said("NOT drained", self.withheld),
            *_said("left alone", self.overtaken),
        ]
        return (*said, self.left) if self.left else tuple(said)


def act(sighted: Sequence[Sighted], tools: Toolbox, by: By, *, pause: Pause = time.sleep) -> Acted:
    """Do what the policy allows of what these incidents ask for; each move is audited before it is made.

    Raises:
        BackendError: the store does not answer; what has been done by then stands in it.
        SetupError: the audit chain can't be written, so that nothing may be changed.
    """
    store = tools.store
    try:
        with alone(store, ACTING, by, purpose="draining by policy", for_s=_LEASE_S, pause=pause):
            ground = _look(sighted, tools, store, by)
            return _carry_out(decide(sighted, ground), tools, store, by)
    except BusyError as problem:
        return Acted(left=f"nothing was drained, another sweep acts right now, and the next one looks again: {problem}")


def _look(sighted: Sequence[Sighted], tools: Toolbox, store: Store, by: By) -> Ground:
    """Read how things stand now, inside of the lease: what this process read earlier may be another sweep's past."""
    rows = store.states()
    fleet = tools.fleet.written.with_states(lambda: {name: row.now for name, row in rows.items()})
    standing = stands(fleet.names, fleet, rows)
    suspects = {name for name, stand in standing.items() if stand.state is State.SUSPECT}
    meant = {node for incident, _ in sighted for node in incident.nodes if _matters(incident) and node in standing}
    looked = {row.node: row for row in store.nodes_now({*suspects, *meant}, bodies=True)} if suspects or meant else {}
    mine = {name: row for name, row in looked.items() if row.sweep == by.run or not by.run}
    return Ground(
        fleet=fleet,
        stands=standing,
        seen={name: seen_checks(row) for name, row in mine.items()},
        looks=_blind_looks(sighted, {name: missed_looks_count(row) for name, row in mine.items()}, standing, store),
        evidence={name: evidence_of(looked[name]) for name in suspects if name in looked},
        untouchable=_untouchable(tools, fleet, store),
    )


def _matters(incident: Incident) -> bool:
    return drains(incident) or is_blind(incident)


def _blind_looks(
    sighted: Sequence[Sighted], missed: Mapping[str, int], standing: Mapping[str, Stand], store: Store
) -> dict[str, int]:
    """Return how many looks in a row could not tell; what answered and stayed unknown is counted by its readings."""
    counts = dict(missed)
    for incident, _ in sighted:
        for node in incident.nodes if is_blind(incident) and incident.result is Result.UNKNOWN else ():
            if node in missed and standing[node].state is State.READY:
                since_s = min((one.first_at_s for one in store.findings([node], check=incident.check)), default=None)
                looks = () if since_s is None else store.readings(node, since_s=since_s, limit=SUSPECT_LOOKS_COUNT)
                counts[node] = max(counts.get(node, 0), len(looks))
    return counts


def _untouchable(tools: Toolbox, fleet: Fleet, store: Store) -> dict[str, str]:
    too_old = guards.violations((), fleet, age_s=tools.inventory_age_s)
    if too_old:
        return dict.fromkeys(fleet.names, "; ".join(too_old))
    off_of = fleet.attribute("off")
    found = {name: "it is off" for name in fleet.names if off_of(name) == "true"}
    text = fleet.policy.protected
    if text:
        protected = resolve(parse_selector(text), fleet, tools.terms, allow_empty=True).names
        found |= dict.fromkeys(protected, f"the policy of {fleet.origin} protects it")
    for freeze in store.freezes():
        found |= dict.fromkeys(freeze.names, f"frozen by {freeze.who}: {freeze.reason}")
    return found


def _carry_out(decision: Decision, tools: Toolbox, store: Store, by: By) -> Acted:
    done = Acted(withheld=decision.withheld)
    boots = {row.node: row.boot_id for row in store.nodes_now([one.node for one in decision.drain])}
    for one in decision.drain:
        done = _drain(one, boots.get(one.node, ""), done, tools, store, by)
    for one in decision.suspect:
        ground = MoveGround(reason=one.reason, owner="check", why=_counted(one), incident=one.row.id)
        done = _shift(one.stand, State.SUSPECT, ground, done, tools, store, by)
    for stand in decision.clear:
        done = _shift(stand, State.READY, MoveGround(why="the check is clean again"), done, tools, store, by)
    return done


def _drain(one: Wanted, boot_id: str, done: Acted, tools: Toolbox, store: Store, by: By) -> Acted:
    ground = MoveGround(
        reason=one.reason,
        owner="check",
        why=f"incident {one.row.id}",
        action=one.incident.action.value,
        boot_id=boot_id,
        incident=one.row.id,
    )
    append_act(tools, by, verb="drain", what=one.node, why=one.reason)
    try:
        take_out([one.stand], {one.node: ground}, store, by)
    except ConflictError as problem:
        return replace(done, overtaken=(*done.overtaken, (one.node, str(problem))))
    return replace(done, drained=(*done.drained, (one.node, one.reason)))


def _shift(stand: Stand, target: State, ground: MoveGround, done: Acted, tools: Toolbox, store: Store, by: By) -> Acted:
    append_act(tools, by, verb=target.value, what=stand.node, why=ground.reason or ground.why)
    try:
        store.move([move_to(stand, target, ground)], by)
    except ConflictError as problem:
        return replace(done, overtaken=(*done.overtaken, (stand.node, str(problem))))
    if target is State.SUSPECT:
        return replace(done, suspected=(*done.suspected, (stand.node, ground.reason)))
    return replace(done, cleared=(*done.cleared, stand.node))


def _counted(one: Wanted) -> str:
    return f"incident {one.row.id}, {SUSPECT_LOOKS_COUNT} looks in a row or more"


def _said(what: str, those: Iterable[tuple[str, str]]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for node, reason in those:
        by_reason.setdefault(reason, []).append(node)
    for reason, nodes in by_reason.items():
        yield f"{what}: {counted(len(nodes))} ({fold_short(nodes)}): {reason}"
