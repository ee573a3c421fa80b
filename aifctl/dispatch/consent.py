"""Whether a deed may be done on these nodes: staleness, caps, the protected set, freezes, the question, the hash."""

from __future__ import annotations

from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.custody import guards
from aifctl.custody.holds import refuse_frozen
from aifctl.custody.plan_hash import PlannedAction, confirm_by_hash, remember_plan
from aifctl.dispatch.asked import Consent
from aifctl.dispatch.deed import Deed, Order
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold
from aifctl.fleet.selector import parse_selector, resolve
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

PLAN = Kind(
    name="Plan",
    key="nodes",
    about="What would be done, with the hash that --confirm-hash takes.",
    columns=(
        Column(key="nodes", title="nodes", type=FieldType.STRING, about="folded"),
        Column(key="nodes_count", title="count", right=True, type=FieldType.INTEGER, about="how many nodes"),
        Column(key="step", title="step", type=FieldType.STRING, about="what is done on each of them"),
    ),
    fields=(Field(key="names", type=FieldType.ARRAY, about="the nodes, one by one"),),
)


def planned(order: Order) -> PlannedAction:
    """Return what consent is given to."""
    deed = order.deed
    return PlannedAction(verb=deed.verb, arguments=deed.facts, steps=deed.steps, names=order.nodes.names)


def is_guarded(deed: Deed, fleet: Fleet) -> bool:
    """Return whether the deed needs consent: by what it is, or by the inventory's policy."""
    return deed.guarded or deed.verb in fleet.policy.guarded


def show_plan(plan: PlannedAction, tools: Toolbox, sink: Sink, *, guarded: bool, fleet: Fleet | None = None) -> Report:
    """Report what would be done, and keep it under its hash; `fleet` in place of the inventory as it is now."""
    sink.open(Head(kind=PLAN, facts={"verb": plan.verb, "hash": plan.short}))
    for step in plan.steps:
        sink.item({"nodes": fold(plan.names), "nodes_count": len(plan.names), "step": step, "names": list(plan.names)})
    reasons = guards.reasons_to_ask(plan.names, tools.fleet if fleet is None else fleet) if guarded else ()
    asks = f"it needs consent ({' and '.join(reasons)})" if reasons else ""
    return Report(notes=(keep_plan(plan, tools, asks),), summary={"hash": plan.short, "nodes_count": len(plan.names)})


def keep_plan(plan: PlannedAction, tools: Toolbox, remark: str = "") -> str:
    """Keep what a dry-run showed under its hash; returns the sentence that says how to do it."""
    kept = remember_plan(tools.state, plan)
    return f"nothing was done{'; ' if remark else ''}{remark}; to do exactly this: the same command with --confirm-hash {kept}"


def seek_consent(
    plan: PlannedAction,
    given: Consent,
    tools: Toolbox,
    *,
    guarded: bool,
    changing: bool,
    last_good: Fleet | None = None,
) -> None:
    """Return where the plan may be carried out; RefusedError that says which flag or person lifts it otherwise.

    `last_good` is the inventory of a verb that goes on with the last good one: it may be stale, and is not asked for its age.
    """
    fleet = tools.fleet if last_good is None else last_good
    if guarded:
        age_s = tools.inventory_age_s if last_good is None else None
        guards.refuse_violations(plan.names, fleet, protected=_protected(fleet, tools), age_s=age_s)
    elif changing:
        guards.refuse_violations((), fleet, age_s=tools.inventory_age_s)  # a stale inventory, nothing else
    if guarded or changing:
        reader = tools.store_reader
        refuse_frozen(plan.verb, plan.names, reader.freezes() if reader else ())
    if given.confirm_hash is not None:
        confirm_by_hash(tools.state, plan, given.confirm_hash)
    if guarded:
        consent = guards.Consent(yes=given.yes, confirm_hash=given.confirm_hash, plan_hash=plan.short)
        guards.ask_consent(plan.verb, plan.names, fleet, consent, tools.confirm)


def _protected(fleet: Fleet, tools: Toolbox) -> tuple[str, ...]:
    text = fleet.policy.protected
    return resolve(parse_selector(text), fleet, tools.terms, allow_empty=True).names if text else ()
