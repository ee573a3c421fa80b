"""A deed for some nodes, carried out and reported as a run: what run, script, push, pull and shell print."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aifctl.core.errors import UsageError
from aifctl.core.report import RUN, Head, Report
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.carrying import Carried, RunLoop, carry, name_inventory, run_facts, run_notes
from aifctl.dispatch.consent import is_guarded, keep_plan, planned, show_plan
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import choose_for
from aifctl.dispatch.timetable import on_time
from aifctl.dispatch.verdict import coverage_of, exit_of
from aifctl.fanout.plan import RunPlan
from aifctl.ops.recorder import Recorder
from aifctl.ops.runs.differing import predecessor
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import Transport


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
    """Do what consent allows and report it as it happens; `named`: say which inventory was used."""
    deed, consent = order.deed, order.fan.consent
    sink.accept(RUN)
    if named:
        name_inventory(deed, tools)
    if not order.nodes.names:
        sink.open(Head(kind=RUN, facts={"verb": deed.verb}))
        return Report(notes=("nothing is selected, so nothing was done",), summary={"counts": {}})
    if consent.dry_run and not deed.looks:
        return show_plan(planned(order), tools, sink, guarded=is_guarded(deed, tools.fleet))
    before = predecessor(tools.state, deed.verb, dict(deed.facts)) if order.fan.keep.only_changes else None
    recorder = Recorder(sink, before)

    def begun(plan: RunPlan) -> None:
        sink.open(Head(kind=RUN, facts={**run_facts(plan, order), **({"since": before.run_id} if before else {})}))

    carried = carry(order, tools, recorder, begun=begun, open_transport=open_transport, run_loop=run_loop)
    report = _report(carried, order)
    looked = (keep_plan(planned(order), tools),) if consent.dry_run else ()
    report = replace(report, notes=(*recorder.notes(), *report.notes, *looked))
    return replace(report, remote_code=recorder.remote_code) if remote_exit_code else report


def _report(carried: Carried, order: Order) -> Report:
    tally = carried.tally
    coverage = coverage_of(tally.counts, not_reached=len(tally.not_reached), skipped=0)
    code = exit_of(tally.counts, coverage, stopped=tally.stopped, min_coverage=order.fan.pace.min_coverage)
    return Report(
        exit=code,
        coverage=coverage,
        notes=run_notes(carried),
        summary={
            "run": carried.plan.run_id,
            "counts": {outcome.value: count for outcome, count in tally.counts.items()},
        },
        complete=coverage.answered == coverage.asked,
    )
