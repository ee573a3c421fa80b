"""node drain: nodes taken out of service because a person says so.

It stands beside the sweep that drains by policy, not among the verbs over SSH: both move nodes in the store and touch no
node. It goes on with the last good inventory, and needs no lease: who takes a node out at night must not wait for either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, Report
from aifctl.custody.audit import append_act
from aifctl.custody.drains import drain_reason
from aifctl.custody.moving import DRAINABLE, OUT, Ground, Stand, move_to, stands, take_out
from aifctl.custody.person import this_person
from aifctl.custody.plan_hash import PlannedAction
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.consent import seek_consent, show_plan
from aifctl.dispatch.selection import choose
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.health.node_moves import MOVE, Moved, said, show
from aifctl.ports.sink import Sink
from aifctl.ports.store import ConflictError, Store
from aifctl.ports.store_writes import By
from aifctl.ports.toolbox import Toolbox

_TRIES_COUNT = 3
_BATCH_COUNT = 256
_LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainAsked:
    """Whom to drain; why stands in `fan.consent.reason`.

    Attributes:
        idle: the person says that nothing runs on those that are draining: they are drained.
        wait_s: wait so long until all are drained; None does not wait.
    """

    fan: Fan
    idle: bool = False
    wait_s: float | None = None


def drain(asked: DrainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Drain nodes and report where each stands; what is out of service already stays as it is."""
    consent = asked.fan.consent
    if not consent.reason:
        raise UsageError("why? --reason TEXT is what others will see of the drain, and who may lift it")
    fleet, by = tools.known_fleet, this_person(tools.environ)
    names = choose(asked.fan.chosen, fleet, tools)
    reason = str(drain_reason("person", by.who.partition(" ")[0], consent.reason))
    tools.note(f"inventory: {fleet.origin}")
    plan = PlannedAction(
        verb="drain", arguments={"reason": reason, "idle": asked.idle}, steps=(f"drain: {reason}",), names=names
    )
    if consent.dry_run:
        return show_plan(plan, tools, sink, guarded=True, fleet=fleet)
    seek_consent(plan, consent, tools, guarded=True, changing=True, last_good=fleet)
    sink.open(Head(kind=MOVE, facts={"selector": asked.fan.chosen.selector, "inventory": fleet.origin}))
    if not names:
        return Report(notes=("nothing is selected, so nothing was done",), summary={"counts": {}})
    append_act(tools, by, verb="drain", what=said(names), why=reason)
    moved = _drain_all(names, reason, asked, fleet, tools, by)
    if asked.wait_s is not None:
        moved = asyncio.run(_wait(moved, asked.wait_s, tools))
    show(moved, sink)
    return _report(moved, waited=asked.wait_s is not None)


def _drain_all(
    names: Sequence[str], reason: str, asked: DrainAsked, fleet: Fleet, tools: Toolbox, by: By
) -> list[Moved]:
    """Move them; where somebody is quicker, look again: a person's drain counts whatever else goes on."""
    moved: list[Moved] = []
    for at in range(0, len(names), _BATCH_COUNT):
        some = names[at : at + _BATCH_COUNT]
        for left in reversed(range(_TRIES_COUNT)):
            try:
                moved += _drain_seen(stands(some, fleet, tools.store.states(some)), reason, asked, tools.store, by)
                break
            except ConflictError:
                if not left:
                    raise
    return moved


def _drain_seen(seen: Mapping[str, Stand], reason: str, asked: DrainAsked, store: Store, by: By) -> list[Moved]:
    boots = {row.node: row.boot_id for row in store.nodes_now(list(seen))}
    grounds = {
        stand.node: Ground(reason=reason, owner="person", boot_id=boots.get(stand.node, ""))
        for stand in seen.values()
        if stand.state in DRAINABLE
    }
    now = take_out([seen[node] for node in grounds], grounds, store, by) if grounds else {}
    ended = [stand for stand in seen.values() if asked.idle and stand.state is State.DRAINING]
    if ended:
        store.move([move_to(stand, State.DRAINED, _still(stand, reason)) for stand in ended], by)
        now |= {stand.node: State.DRAINED for stand in ended}
    return [_moved(stand, now.get(stand.node), reason) for stand in seen.values()]


def _still(stand: Stand, reason: str) -> Ground:
    """Whoever began the drain still owns it; that nothing runs any more is what the person says."""
    return Ground(reason=stand.reason, owner=stand.owner, why=f"nothing runs on it: {reason}")


def _moved(stand: Stand, now: State | None, reason: str) -> Moved:
    source = stand.state.value
    if now is not None:
        kept = stand.reason if stand.state is State.DRAINING else reason
        return Moved(node=stand.node, source=source, target=now.value, reason=kept)
    if stand.state in OUT and stand.reason == reason:
        return Moved(node=stand.node, source=source, target=source, reason=reason)
    if stand.state in OUT:
        message = "out of service already; it stays its owner's"
        return Moved(node=stand.node, source=source, target=source, reason=stand.reason, message=message)
    message = f"NOT drained: what is {source} takes no work that could be drained"
    return Moved(node=stand.node, source=source, target=source, message=message)


async def _wait(moved: list[Moved], wait_s: float, tools: Toolbox) -> list[Moved]:
    """Look until all are drained, or the time is over: somebody else says that their jobs have ended."""
    clock, end_s = tools.clock, tools.clock.monotonic_s() + wait_s
    while clock.monotonic_s() < end_s and (waiting := {one.node for one in moved if one.target == State.DRAINING}):
        await clock.sleep(min(_LOOK_AGAIN_S, end_s - clock.monotonic_s()))
        rows = tools.store.states(waiting)
        moved = [
            Moved(node=one.node, source=one.source, target=rows[one.node].state, reason=one.reason)
            if one.node in rows
            else one
            for one in moved
        ]
    return moved


def _report(moved: Sequence[Moved], *, waited: bool) -> Report:
    counts: dict[str, int] = {}
    for one in moved:
        counts[one.target] = counts.get(one.target, 0) + 1
    draining = [one.node for one in moved if one.target == State.DRAINING]
    left = [one.node for one in moved if one.target not in OUT]
    notes = []
    if draining:
        notes.append(f"{said(draining)} still draining: what runs there ends first")
    if left:
        notes.append(f"{said(left)} NOT drained: new, in provisioning, in burn-in or retired")
    code = ExitCode.REFUSED if len(left) == len(moved) else ExitCode.OK
    if waited and draining:
        code = ExitCode.DEADLINE
    return Report(exit=code, notes=tuple(notes), summary={"counts": counts, "left_count": len(left)}, complete=not left)
