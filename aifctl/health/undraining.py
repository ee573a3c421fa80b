"""node undrain: nodes taken back into service, on evidence that is newer than the drain or on a person's word.

It stands beside the checks because they are the evidence: the one that drained must be clean since, on a newer boot where
it asked for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aifctl.core.errors import BusyError, RefusedError, UsageError
from aifctl.core.report import Head, Report
from aifctl.custody.audit import append_act
from aifctl.custody.drains import Drain, Evidence, drain_reason, parse_drain_reason, why_not_undrain
from aifctl.custody.holds import NODE_SCOPE
from aifctl.custody.moving import Ground, Stand, move_to, stands
from aifctl.custody.person import this_person
from aifctl.custody.plan_hash import PlannedAction
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.consent import seek_consent, show_plan
from aifctl.dispatch.selection import by_reason, choose, said_by_reason
from aifctl.fleet.lifecycle import State
from aifctl.health.evidence import evidence_of
from aifctl.health.node_moves import MOVE, Moved, said, show
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import DrainRow
from aifctl.ports.store_writes import By
from aifctl.ports.toolbox import Toolbox

_BACK = frozenset({State.DRAINED, State.SUSPECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class UndrainAsked:
    """Whom to take back; a person's word against the evidence stands in `fan.consent.reason`.

    Attributes:
        take_over: also what others have drained.
    """

    fan: Fan
    take_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One node: where it stands, and what speaks against taking it back.

    Attributes:
        refused: it can't be. passes: by waiting it can. overruled: it speaks against it, and a person overrules it.
    """

    stand: Stand
    reason: str
    refused: str = ""
    passes: bool = False
    overruled: str = ""
    already: bool = False


def undrain(asked: UndrainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Take nodes back and report where each stands.

    Raises:
        RefusedError: one of them is somebody else's, or the evidence does not allow it.
        BusyError: one of them is draining or leased; or somebody was quicker (ConflictError).
    """
    consent, chosen = asked.fan.consent, asked.fan.chosen
    if asked.take_over and not consent.reason:
        raise UsageError("--take-over needs --reason TEXT: it lifts what somebody else has decided")
    names, by = choose(chosen, tools.fleet, tools), this_person(tools.environ)
    tools.note(f"inventory: {tools.fleet.origin}")
    cases = _cases(names, asked, tools)
    skipped = _stop_at_refused(cases, skip_busy=chosen.skip_busy)
    acted = [case for case in cases if not case.already and not case.refused]
    plan = PlannedAction(
        verb="undrain",
        arguments={"take_over": asked.take_over, "reason": consent.reason},
        steps=_steps(acted),
        names=[case.stand.node for case in acted],
    )
    if consent.dry_run:
        return show_plan(plan, tools, sink, guarded=True)
    seek_consent(plan, consent, tools, guarded=True, changing=True)
    sink.open(Head(kind=MOVE, facts={"selector": chosen.selector, "inventory": tools.fleet.origin}))
    _move(acted, consent.reason, tools, by)
    show([_moved(case) for case in cases if not case.refused], sink)
    notes = (f"left out: {said_by_reason(by_reason(skipped))}",) if skipped else ()
    return Report(notes=notes, summary={"undrained_count": len(acted), "left_count": len(skipped)})


def _cases(names: Sequence[str], asked: UndrainAsked, tools: Toolbox) -> list[_Case]:
    store, now_s = tools.store, tools.clock.now().timestamp()
    standing = stands(names, tools.fleet, store.states(names))
    back = [name for name, stand in standing.items() if stand.state in _BACK]
    rows = {row.node: row for row in store.nodes_now(back, bodies=True)} if back else {}
    evidence = {name: evidence_of(row) for name, row in rows.items()}
    drains = _drains(back, standing, store)
    leased = {lease.scope.removeprefix(NODE_SCOPE): lease.owner for lease in store.leases(at_s=now_s)}
    cases = []
    for name in names:
        stand = standing[name]
        if stand.state in _BACK and name not in leased:
            cases.append(_judged(stand, drains[name], evidence.get(name, Evidence()), asked))
        else:
            cases.append(_other(stand, leased.get(name, "")))
    return cases


def _drains(names: Sequence[str], standing: Mapping[str, Stand], reader: Reader) -> dict[str, Drain]:
    """Return the drains that stand; of what has none (suspect, or so by its inventory) the state itself counts."""
    rows: dict[str, DrainRow] = {row.node: row for row in reader.drains(names)} if names else {}
    found = {}
    for name in names:
        row, stand = rows.get(name), standing[name]
        found[name] = (
            Drain(node=name, reason=row.reason, at_s=row.since_at_s, boot_id=row.boot_id, action=row.action)
            if row
            else Drain(node=name, reason=stand.reason, at_s=stand.since_at_s)
        )
    return found


def _judged(stand: Stand, drain: Drain, evidence: Evidence, asked: UndrainAsked) -> _Case:
    why = why_not_undrain(drain, evidence)
    if not why:
        return _Case(stand=stand, reason=drain.reason)
    ours = parse_drain_reason(drain.reason) is not None
    if asked.fan.consent.reason and (ours or asked.take_over):
        return _Case(stand=stand, reason=drain.reason, overruled=why)
    lifted = "; --reason TEXT overrules that" if ours else ""
    return _Case(stand=stand, reason=drain.reason, refused=f"because {why}{lifted}")


def _other(stand: Stand, owner: str) -> _Case:
    if owner:
        return _Case(stand=stand, reason=stand.reason, refused=f"leased by {owner}", passes=True)
    if stand.state in {State.READY, State.ALLOCATED}:
        return _Case(stand=stand, reason=stand.reason, already=True)
    if stand.state is State.DRAINING:
        refused = "draining still: its job ends first, or `aifctl node drain --idle` says that it has"
        return _Case(stand=stand, reason=stand.reason, refused=refused, passes=True)
    return _Case(stand=stand, reason=stand.reason, refused=f"{stand.state.value}, which no undrain ends")


def _stop_at_refused(cases: Sequence[_Case], *, skip_busy: bool) -> tuple[tuple[str, str], ...]:
    """Return the refused nodes where they may be skipped and others are left; otherwise raise."""
    refused = [case for case in cases if case.refused]
    told = tuple((case.stand.node, case.refused) for case in refused)
    if not refused or (skip_busy and len(refused) < len(cases)):
        return told
    sentence = f"undrain refuses {'; '.join(f'{said(names)} {why}' for why, names in by_reason(told).items())}"
    raise BusyError(sentence) if all(case.passes for case in refused) else RefusedError(sentence)


def _steps(acted: Sequence[_Case]) -> tuple[str, ...]:
    overruled = tuple((case.stand.node, case.overruled) for case in acted if case.overruled)
    against = (f"although: {said_by_reason(by_reason(overruled))}",) if overruled else ()
    return ("undrain: ready again", *against)


def _move(acted: Sequence[_Case], reason: str, tools: Toolbox, by: By) -> None:
    if not acted:
        return
    overruled = [case for case in acted if case.overruled]
    why = f"overrules: {said_by_reason(by_reason(tuple((one.stand.node, one.overruled) for one in overruled)))}"
    names = [case.stand.node for case in acted]
    append_act(tools, by, verb="undrain", what=said(names), why=f"{reason}; {why}" if overruled else reason)
    word = str(drain_reason("person", by.who.partition(" ")[0], reason))
    tools.store.move([move_to(case.stand, State.READY, _ground(case, word, reason)) for case in acted], by)


def _ground(case: _Case, word: str, reason: str) -> Ground:
    """A person's word stays with the node: the next sweep does not drain it again for what it has overruled."""
    if case.overruled:
        return Ground(reason=word, owner="person", why=f"although {case.overruled}")
    return Ground(why=reason or "the same check is clean on newer evidence")


def _moved(case: _Case) -> Moved:
    source = case.stand.state.value
    if case.already:
        return Moved(node=case.stand.node, source=source, target=source, message="in service already")
    message = f"overruled: {case.overruled}" if case.overruled else ""
    return Moved(node=case.stand.node, source=source, target=State.READY.value, reason=case.reason, message=message)
