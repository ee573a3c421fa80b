"""A deed for some nodes, carried out: consent, claim, journal, audit, fan-out. What to say of it is each verb's own."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.words import counted
from aifctl.custody import audit
from aifctl.custody.person import from_where, real_user
from aifctl.dispatch.consent import is_guarded, planned, seek_consent
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.pacing import pacing_of, width_note
from aifctl.dispatch.selection import by_reason, said_by_reason
from aifctl.dispatch.signals import obeyed
from aifctl.fanout.conduct import conduct, make_folder, worker_count
from aifctl.fanout.descriptors import raise_descriptors
from aifctl.fanout.halt import Halt
from aifctl.fanout.journal import Journal, open_journal
from aifctl.fanout.plan import Keeping, Pacing, RunPlan, Tally
from aifctl.fanout.run_ids import claim_run
from aifctl.fanout.run_summary import command_of
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import Transport
from aifctl.ports.work import NodeResult

_MOST_STEPS = 200

#: Runs a coroutine to its end; a shell has a loop that outlives its rounds.
RunLoop = Callable[[Coroutine[Any, Any, Tally]], Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A deed that was carried out, as far as it came."""

    plan: RunPlan
    tally: Tally


def carry(
    order: Order,
    tools: Toolbox,
    each: Callable[[NodeResult], None],
    *,
    begun: Callable[[RunPlan], None] | None = None,
    open_transport: Callable[[], Transport] | None = None,
    run_loop: RunLoop = asyncio.run,
    halt: Halt | None = None,
) -> Carried:
    """Do what consent allows and journal it as it happens; `each` gets one result for every node of the order.

    `halt` ends it from within `run_loop`, as a signal does. `begun` is called once, when the run has its id and its journal and before anything is sent: what is refused or
    wrong is raised before. A dry-run whose deed does not look is the caller's to show (`consent.show_plan`).
    """
    deed, consent = order.deed, order.fan.consent
    if not consent.dry_run:
        guarded = is_guarded(deed, tools.fleet)
        seek_consent(planned(order), consent, tools, guarded=guarded, changing=deed.changing)
    plan = _claimed(order, tools)
    with open_journal(tools.state, plan, clock=tools.clock) as journal:
        if begun is not None:
            begun(plan)
        if deed.changing:
            _audit(order, plan.run_id, tools)
        halt, transport = halt or Halt(), open_transport or tools.open_transport
        tally = run_loop(_conducted(plan, journal, order, tools, each, transport, halt))
    for name in tally.not_reached:
        each(NodeResult(node=name, outcome=Outcome.CANCELLED, attempts=0, message="never started"))
    return Carried(plan=plan, tally=tally)


def name_inventory(deed: Deed, tools: Toolbox) -> None:
    """Say which inventory is used where nodes may be changed."""
    if deed.changing:
        tools.note(f"inventory: {tools.fleet.origin}")


def run_facts(plan: RunPlan, order: Order) -> dict[str, Any]:
    """Return what stands above a run's results."""
    facts = {
        "run": plan.run_id,
        "verb": plan.verb,
        "command": command_of(plan.head),
        "selector": order.selector,
        "inventory": plan.head["inventory"],
        "resumed_from": order.fan.resumed_from,
    }
    return {key: value for key, value in facts.items() if value is not None}


def run_notes(carried: Carried) -> tuple[str, ...]:
    """Return whom the run left out, and where it ended early: why, and how to go on."""
    plan, tally = carried.plan, carried.tally
    notes = []
    if plan.skipped:
        notes.append(f"left out: {said_by_reason(by_reason(plan.skipped))}")
    if tally.stopped is not ExitCode.OK:
        count = len(tally.not_reached)
        rest = f": {counted(count)} never started; `aifctl runs resume {plan.run_id}` does the rest" if count else ""
        notes.append(f"{tally.reason}{rest}")
    return tuple(notes)


def _claimed(order: Order, tools: Toolbox) -> RunPlan:
    """Return the run that the order asks for.

    Its folder is claimed last: what is wrong with the options, our keys or our open files (SetupError) leaves no
    empty run behind.
    """
    endpoints = tools.endpoints(order.nodes.names)
    tools.check_keys(endpoints)
    head, pacing = _head(order, tools), pacing_of(order.fan.pace, order.nodes.names, tools)
    _say_width(pacing, len(endpoints), tools)
    cap_bytes, outdir = tools.settings.value("output_cap"), _absolute(order.fan.keep.outdir)
    if outdir is not None:
        make_folder(Path(outdir))
    run_id, work = claim_run(tools.state, tools.clock, random.SystemRandom()), order.deed.work
    return RunPlan(
        run_id=run_id,
        verb=order.deed.verb,
        work=work(run_id) if callable(work) else work,
        endpoints=endpoints,
        skipped=order.nodes.skipped,
        head=head,
        pacing=pacing,
        keeping=_keeping(order, cap_bytes, outdir),
        changing=order.deed.changing,
    )


def _say_width(pacing: Pacing, nodes_count: int, tools: Toolbox) -> None:
    workers_count = worker_count(pacing, nodes_count=nodes_count, cores_count=len(os.sched_getaffinity(0)))
    note = width_note(
        pacing.width, nodes_count=nodes_count, workers_count=workers_count, descriptors=raise_descriptors()
    )
    if note:
        tools.note(note)


def _keeping(order: Order, cap_bytes: int, outdir: str | None) -> Keeping:
    reply_bytes = order.deed.reply_bytes
    if reply_bytes:
        return Keeping(cap_bytes=reply_bytes, outdir=outdir, inline_bytes=reply_bytes, journalled=False)
    return Keeping(cap_bytes=cap_bytes, outdir=outdir)


async def _conducted(
    plan: RunPlan,
    journal: Journal,
    order: Order,
    tools: Toolbox,
    each: Callable[[NodeResult], None],
    open_transport: Callable[[], Transport],
    halt: Halt,
) -> Tally:
    with obeyed(halt):
        return await conduct(
            plan,
            open_transport=open_transport,
            journal=journal,
            folder=journal.folder,
            clock=tools.clock,
            progress=tools.progress,
            each=each,
            halt=halt,
            live=tools.live if order.fan.keep.live else None,
            stdin=order.deed.stdin,
        )


def _head(order: Order, tools: Toolbox) -> dict[str, Any]:
    """Return what the journal's head holds: all that it takes to do the same again, but no secret."""
    fan, deed = order.fan, order.deed
    head = {
        "argv": list(fan.argv),
        "selector": order.selector,
        "inventory": tools.fleet.origin,
        "given": dict(tools.given),
        "who": real_user(tools.environ),
        "from": from_where(tools.environ),
        "reason": fan.consent.reason or None,
        "work": dict(deed.facts),
        "owner": deed.owner or None,
        "pace": asdict(fan.pace),
        "include_states": list(fan.chosen.include_states),
        "outdir": _absolute(fan.keep.outdir),
        "resumed_from": fan.resumed_from,
        "dry_run": fan.consent.dry_run or None,
    }
    return {key: value for key, value in head.items() if value is not None}


def _audit(order: Order, run_id: str, tools: Toolbox) -> None:
    consent, deed = order.fan.consent, order.deed
    resumed = order.fan.resumed_from
    audit.append(
        tools.state,
        clock=tools.clock,
        who=real_user(tools.environ),
        from_where=from_where(tools.environ),
        verb=deed.verb,
        what=f"{'; '.join(deed.steps)[:_MOST_STEPS]} on {len(order.nodes.names)} nodes: {fold_short(order.nodes.names)}",
        why=consent.reason or (f"continues run {resumed}" if resumed else ""),
        run=run_id,
    )


def _absolute(folder: str | None) -> str | None:
    return None if folder is None else os.fspath(Path(folder).expanduser().absolute())
