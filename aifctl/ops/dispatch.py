"""A deed for some nodes, carried out: consent, journal, fan-out, report. Every verb over SSH goes through here."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import RUN, Head, Report
from aifctl.core.units import parse_count_or_share
from aifctl.core.words import counted
from aifctl.custody import audit
from aifctl.custody.person import from_where, real_user
from aifctl.fanout.conduct import conduct, make_folder
from aifctl.fanout.descriptors import fitting_width, raise_descriptors
from aifctl.fanout.halt import Halt
from aifctl.fanout.journal import Journal, open_journal
from aifctl.fanout.plan import Keeping, Pacing, RunPlan, Tally
from aifctl.fanout.run_ids import claim_run
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold
from aifctl.ops.asked import Fan, Pace
from aifctl.ops.consent import keep_plan, planned, seek_consent, show_plan
from aifctl.ops.deed import Deed, Order
from aifctl.ops.recorder import Recorder
from aifctl.ops.runs.differing import predecessor
from aifctl.ops.runs.listing import command_of
from aifctl.ops.selection import by_reason, choose_for, said_by_reason
from aifctl.ops.signals import obeyed
from aifctl.ops.timetable import on_time
from aifctl.ops.verdict import coverage_of, exit_of
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import Transport
from aifctl.ports.work import NodeResult

#: What waves may follow: a rack at a time, and so on.
_WAVE_SCOPES = ("rack", "su", "leaf", "hall", "feed")
_MOST_FOLDED = 200

#: Runs a coroutine to its end; a shell has a loop that outlives its rounds.
RunLoop = Callable[[Coroutine[Any, Any, Tally]], Tally]


def dispatch(deed: Deed, fan: Fan, tools: Toolbox, sink: Sink, *, remote_exit_code: bool = False) -> Report:
    """Carry out a deed on the nodes that were chosen, when and as the timetable wants it."""
    order_and_go = partial(_choose_and_carry_out, deed, fan, tools, sink, remote_exit_code=remote_exit_code)
    report = on_time(deed.verb, fan, tools, order_and_go)
    if report.summary.get("skipped"):  # another holds the lock; even then JSON is one envelope
        sink.open(Head(kind=RUN, facts={"verb": deed.verb}))
    return report


def _choose_and_carry_out(deed: Deed, fan: Fan, tools: Toolbox, sink: Sink, *, remote_exit_code: bool) -> Report:
    nodes = choose_for(deed.verb, fan.chosen, tools.fleet, tools)
    if remote_exit_code and len(nodes.names) != 1:
        raise UsageError(f"--remote-exit-code is for one node, and {len(nodes.names)} are selected; leave it away")
    order = Order(deed=deed, nodes=nodes, fan=fan, selector=fan.chosen.selector)
    return carry_out(order, tools, sink, remote_exit_code=remote_exit_code)


def carry_out(
    order: Order,
    tools: Toolbox,
    sink: Sink,
    *,
    open_transport: Callable[[], Transport] | None = None,
    run_loop: RunLoop = asyncio.run,
    remote_exit_code: bool = False,
    named: bool = True,
) -> Report:
    """Do what consent allows, journal it as it happens, and report it; `named`: say which inventory was used."""
    deed, names = order.deed, order.nodes.names
    if deed.changing and named:
        tools.note(f"inventory: {tools.fleet.origin}")
    if not names:
        sink.open(Head(kind=RUN, facts={"verb": deed.verb}))
        return Report(notes=("nothing is selected, so nothing was done",), summary={"counts": {}})
    plan, consent = planned(order), order.fan.consent
    guarded = deed.guarded or deed.verb in tools.fleet.policy.guarded
    if consent.dry_run and not deed.looks:
        return show_plan(plan, tools, sink, guarded=guarded)
    if not consent.dry_run:
        seek_consent(plan, consent, tools, guarded=guarded, changing=deed.changing)
    run_plan = _claimed(order, tools)
    before = predecessor(tools.state, deed.verb, dict(deed.facts)) if order.fan.keep.only_changes else None
    recorder = Recorder(sink, before)
    with open_journal(tools.state, run_plan, clock=tools.clock) as journal:
        sink.open(Head(kind=RUN, facts={**_facts(run_plan, order), **({"since": before.run_id} if before else {})}))
        if deed.changing:
            _audit(order, run_plan.run_id, tools)
        tally = run_loop(_conducted(run_plan, journal, order, tools, recorder, open_transport or tools.open_transport))
    for name in tally.not_reached:
        recorder(NodeResult(node=name, outcome=Outcome.CANCELLED, attempts=0, message="never started"))
    report = _report(tally, run_plan, order)
    looked = (keep_plan(plan, tools),) if consent.dry_run else ()
    report = replace(report, notes=(*recorder.notes(), *report.notes, *looked))
    return replace(report, remote_code=recorder.remote_code) if remote_exit_code else report


def _claimed(order: Order, tools: Toolbox) -> RunPlan:
    """Return the run that the order asks for.

    Its folder is claimed last: what is wrong with the options, our keys or our open files (SetupError) leaves no
    empty run behind.
    """
    endpoints = tools.endpoints(order.nodes.names)
    tools.check_keys(endpoints)
    head, pacing = _head(order, tools), _pacing(order.fan.pace, order.nodes.names, tools)
    fitting_width(pacing.width, descriptors=raise_descriptors())
    cap_bytes, outdir = tools.settings.value("output_cap"), _absolute(order.fan.keep.outdir)
    if outdir is not None:
        make_folder(Path(outdir))
    return RunPlan(
        run_id=claim_run(tools.state, tools.clock, random.SystemRandom()),
        verb=order.deed.verb,
        work=order.deed.work,
        endpoints=endpoints,
        skipped=order.nodes.skipped,
        head=head,
        pacing=pacing,
        keeping=Keeping(cap_bytes=cap_bytes, outdir=outdir),
        changing=order.deed.changing,
    )


async def _conducted(
    plan: RunPlan,
    journal: Journal,
    order: Order,
    tools: Toolbox,
    each: Callable[[NodeResult], None],
    open_transport: Callable[[], Transport],
) -> Tally:
    halt = Halt()
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
        "pace": asdict(fan.pace),
        "include_states": list(fan.chosen.include_states),
        "outdir": _absolute(fan.keep.outdir),
        "resumed_from": fan.resumed_from,
        "dry_run": fan.consent.dry_run or None,
    }
    return {key: value for key, value in head.items() if value is not None}


def _facts(plan: RunPlan, order: Order) -> dict[str, Any]:
    facts = {
        "run": plan.run_id,
        "verb": plan.verb,
        "command": command_of(plan.head),
        "selector": order.selector,
        "inventory": plan.head["inventory"],
        "resumed_from": order.fan.resumed_from,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _pacing(pace: Pace, names: tuple[str, ...], tools: Toolbox) -> Pacing:
    fleet, value = tools.fleet, tools.settings.value
    width, most = value("width"), fleet.policy.max_width
    if most is not None and most < width:
        tools.note(f"the policy of {fleet.origin} lowers the width from {width} to {most}", detail=True)
        width = most
    wave, wave_scope = _wave(pace.wave, names, fleet)
    return Pacing(
        width=width,
        dial_width=min(width, value("dial_width")),
        workers=pace.workers,
        retries=pace.retries,
        wave=wave,
        wave_scope=wave_scope,
        deadline_s=pace.deadline_s,
        stragglers=pace.stragglers,
        max_failed=_max_failed(pace.max_failed, total=len(names)),
    )


def _wave(text: str, names: tuple[str, ...], fleet: Fleet) -> tuple[int, dict[str, str]]:
    if not text:
        return 0, {}
    if text not in _WAVE_SCOPES:
        if not text.rstrip("%").replace(".", "").isdecimal() or not text.strip("0.%"):
            raise UsageError(f"--wave {text!r}: write a count, a share such as 5%, or {', '.join(_WAVE_SCOPES)}")
        return parse_count_or_share(text, total=len(names)), {}
    wanted = frozenset(names)
    return 0, {name: value for value, inside in fleet.scope(text).items() for name in inside if name in wanted}


def _max_failed(text: str, *, total: int) -> int | None:
    if not text:
        return None
    return 0 if text == "0" else parse_count_or_share(text, total=total)


def _audit(order: Order, run_id: str, tools: Toolbox) -> None:
    consent, deed = order.fan.consent, order.deed
    folded = fold(order.nodes.names)
    where = folded if len(folded) <= _MOST_FOLDED else f"{folded[:_MOST_FOLDED]}…"
    resumed = order.fan.resumed_from
    audit.append(
        tools.state,
        clock=tools.clock,
        who=real_user(tools.environ),
        from_where=from_where(tools.environ),
        verb=deed.verb,
        what=f"{'; '.join(deed.steps)[:_MOST_FOLDED]} on {len(order.nodes.names)} nodes: {where}",
        why=consent.reason or (f"continues run {resumed}" if resumed else ""),
        run=run_id,
    )


def _report(tally: Tally, plan: RunPlan, order: Order) -> Report:
    coverage = coverage_of(tally.counts, not_reached=len(tally.not_reached), skipped=0)
    code = exit_of(tally.counts, coverage, stopped=tally.stopped, min_coverage=order.fan.pace.min_coverage)
    return Report(
        exit=code,
        coverage=coverage,
        notes=_notes(tally, plan),
        summary={"run": plan.run_id, "counts": {outcome.value: count for outcome, count in tally.counts.items()}},
        complete=coverage.answered == coverage.asked,
    )


def _notes(tally: Tally, plan: RunPlan) -> tuple[str, ...]:
    notes = []
    if plan.skipped:
        notes.append(f"left out: {said_by_reason(by_reason(plan.skipped))}")
    if tally.stopped is not ExitCode.OK:
        count = len(tally.not_reached)
        rest = f": {counted(count)} never started; `aifctl runs resume {plan.run_id}` does the rest" if count else ""
        notes.append(f"{tally.reason}{rest}")
    return tuple(notes)


def _absolute(folder: str | None) -> str | None:
    return None if folder is None else os.fspath(Path(folder).expanduser().absolute())
