"""reconcile: what needs doing while nobody is at a terminal. Cron calls it, one control host does it.

Each chore is a function of its own; one that fails leaves the others to be done. It closes no incident and lifts no drain:
for those there must be evidence, which a sweep brings.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aifctl.core.errors import AifctlError, BusyError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.core.words import counted
from aifctl.custody.audit import append_act
from aifctl.custody.drains import parse_drain_reason
from aifctl.custody.holds import NODE_SCOPE
from aifctl.custody.moving import Ground, Stand, idle, move_to, stands
from aifctl.custody.person import this_person
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.timetable import on_time
from aifctl.fleet.lifecycle import State
from aifctl.health.node_moves import said
from aifctl.health.not_done import NOTIFICATIONS, RECONCILE, reconciled_at_s
from aifctl.health.notifying import announce, send_due
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import Lease, StateRow
from aifctl.ports.store_writes import Event
from aifctl.ports.toolbox import Toolbox

CHORE = Kind(
    name="Chore",
    about="Something that reconcile sees to.",
    key="chore",
    keeps_order=True,
    columns=(
        Column(key="chore", title="chore", type=FieldType.STRING, about="writes, notifications, leases, …"),
        Column(key="done", title="done", type=FieldType.BOOLEAN, about="nothing of it is left"),
        Column(key="count", title="count", right=True, type=FieldType.INTEGER, about="how many it saw to"),
        Column(key="message", title="message", type=FieldType.STRING, about="what it did, or what is NOT DONE and why"),
    ),
)

#: A run that hangs longer than this does not keep the next one out.
_LEADS_S = 300.0
#: A lease that ran out so long ago is nobody's: its run would have renewed it 30 s after it was taken.
_LONG_GONE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """One row.

    Attributes:
        code: where not all of it is done, what that comes to.
    """

    chore: str
    message: str
    count: int = 0
    code: ExitCode = ExitCode.OK

    def item(self) -> Mapping[str, Any]:
        done = self.code is ExitCode.OK
        return {"chore": self.chore, "done": done, "count": self.count, "message": self.message}


def reconcile(fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """See to all chores and report what each came to; 69 where something that is wanted is only queued.

    Where only changes are wanted, a chore that had nothing to do has no row.
    """
    report = on_time("reconcile", fan, tools, partial(_lead, tools, sink, only_changes=fan.keep.only_changes))
    if report.summary.get("skipped"):  # another holds the lock; even then JSON is one envelope
        sink.open(Head(kind=CHORE, facts={"since": 0.0}))  # a table of nothing would be a letter from cron
    return report


def _lead(tools: Toolbox, sink: Sink, *, only_changes: bool) -> Report:
    try:
        with _alone(tools):
            return _see_to_all(tools, sink, only_changes=only_changes)
    except BusyError as problem:
        return Report(notes=(f"another control host reconciles: {problem}",), summary={"skipped": True}, complete=False)


@contextmanager
def _alone(tools: Toolbox) -> Iterator[None]:
    """Lead, here and on all control hosts that share the store."""
    owner = f"{this_person(tools.environ).who} {secrets.token_hex(4)}"
    tools.store.acquire([RECONCILE], owner=owner, purpose="reconcile", for_s=_LEADS_S)
    try:
        yield
    finally:
        tools.store.release([RECONCILE], owner=owner)


def _see_to_all(tools: Toolbox, sink: Sink, *, only_changes: bool) -> Report:
    chores: tuple[tuple[str, Callable[[Toolbox], Chore]], ...] = (
        ("writes", _write),
        (NOTIFICATIONS, _notify),
        ("drains", _finish_drains),
        ("leases", _expire),
    )
    sink.open(Head(kind=CHORE, facts={"since": reconciled_at_s(tools.store)} if only_changes else {}))
    done = []
    for name, see_to in chores:
        try:
            one = see_to(tools)
        except AifctlError as problem:
            one = Chore(chore=name, message=f"NOT DONE: {problem}", code=problem.exit_code)
        done.append(one)
        if one.code or one.count or not only_changes:
            sink.item(one.item())
    tools.store.put(RECONCILE, {"at_s": tools.clock.now().timestamp(), "left": [one.chore for one in done if one.code]})
    left = [one.message for one in done if one.code]
    code = first_that_applies(*(one.code for one in done))
    return Report(exit=code, notes=tuple(left), summary={"left_count": len(left)}, complete=not left)


def _write(tools: Toolbox) -> Chore:
    """Opening the store has applied what the log alone held."""
    count = tools.store.queued_count
    if count:
        message = f"NOT DONE: {count} batches stand in the log alone, the database does not take them"
        return Chore(chore="writes", message=message, count=count, code=ExitCode.BACKEND)
    return Chore(chore="writes", message="all that was logged stands in the database")


def _notify(tools: Toolbox) -> Chore:
    """Tell what is new (a silence that has ended), send what is due, and once more what fires."""
    if not tools.settings.origin("notify").text:
        return Chore(chore=NOTIFICATIONS, message="nobody is to be told (the setting notify)")
    news_count = announce((), tools)
    sent = send_due(tools)
    said = f"{news_count} new, {sent.sent_count} sent, {sent.resent_count} that fire or just ended sent again"
    lost = f", {sent.given_up_count} given up" if sent.given_up_count else ""
    if sent.problems:
        message = f"NOT DONE: {sent.later_count} to be sent later{lost} ({said}): {'; '.join(sent.problems)}"
        return Chore(chore=NOTIFICATIONS, message=message, count=sent.later_count, code=ExitCode.BACKEND)
    return Chore(chore=NOTIFICATIONS, message=f"{said}{lost}", count=sent.sent_count + sent.resent_count)


def _finish_drains(tools: Toolbox) -> Chore:
    """Call drained what is draining and has nothing running: whoever drained it was killed before it could say so.

    What another tool drains, that tool says more of.
    """
    store, by = tools.store, this_person(tools.environ)
    draining = {name: row for name, row in store.states().items() if _is_ours(row)}
    before = {
        row.node: Stand(node=row.node, state=State(row.source))
        for row in store.transitions(draining)
        if row.node in draining and row.version == draining[row.node].version
    }
    free = sorted(idle(before.values()))
    now = stands(free, tools.known_fleet, draining)
    for name in free:
        reason = draining[name].reason
        append_act(tools, by, verb="drained", what=name, why=reason)
        ground = Ground(reason=reason, owner=draining[name].owner, why="nothing runs on it")
        store.move([move_to(now[name], State.DRAINED, ground)], by)
    message = f"{said(free)} had nothing running and {'is' if len(free) == 1 else 'are'} drained" if free else ""
    waiting = len(draining) - len(free)
    wait = f"{counted(waiting)} still draining: a job ends first" if waiting else "none is waiting for its job"
    return Chore(chore="drains", message="; ".join(filter(None, (message, wait))), count=len(free))


def _is_ours(row: StateRow) -> bool:
    return row.state == State.DRAINING.value and parse_drain_reason(row.reason) is not None


def _expire(tools: Toolbox) -> Chore:
    """Remove leases that ran out long ago, and say so: their runs have ended without giving them back."""
    store, now_s = tools.store, tools.clock.now().timestamp()
    gone = [lease for lease in store.leases() if lease.until_s < now_s - _LONG_GONE_S]
    for lease in gone:
        store.release([lease.scope], owner=lease.owner)
    store.tell([_expired(lease) for lease in gone])
    message = f"{len(gone)} had run out" if gone else "none had run out"
    return Chore(chore="leases", message=message, count=len(gone))


def _expired(lease: Lease) -> Event:
    node = lease.scope.removeprefix(NODE_SCOPE) if lease.scope.startswith(NODE_SCOPE) else ""
    text = f"lease of {lease.owner} on {lease.scope} ({lease.purpose}) ran out and was never given back"
    return Event(kind="lease", node=node, text=text)
