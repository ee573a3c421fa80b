"""leases list, leases break: who holds which nodes for themselves, and taking them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.core.words import counted
from aifctl.custody.audit import append_act
from aifctl.custody.holds import NODE_SCOPE
from aifctl.custody.person import this_person
from aifctl.custody.plan_hash import PlannedAction
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.dispatch.consent import seek_consent, show_plan
from aifctl.dispatch.selection import choose
from aifctl.ports.sink import Sink
from aifctl.ports.store_rows import Lease
from aifctl.ports.toolbox import Toolbox

LEASE = Kind(
    name="Lease",
    about="Who holds a node, or something else there is one of, for themselves.",
    key="node",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name; nothing for another scope"),
        Column(key="scope", title="scope", wide=True, type=FieldType.STRING, about="node:NAME, acting, reconcile, …"),
        Column(key="owner", title="held by", type=FieldType.STRING, about="who, or which run"),
        Column(key="purpose", title="for", type=FieldType.STRING, about="what it is held for"),
        Column(key="since_at", title="since", type=FieldType.TIME, about="when it was taken"),
        Column(key="until_at", title="until", type=FieldType.TIME, about="when it runs out if nobody renews it"),
        Column(key="renewed_at", title="renewed", wide=True, type=FieldType.TIME, about="when its owner last said so"),
        Column(key="expired", title="run out", type=FieldType.BOOLEAN, about="it holds nobody any more"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakAsked:
    """Leases of which nodes (`nodes`: there are some), or by `scopes` of what else; why stands in `fan.consent.reason`."""

    fan: Fan
    nodes: bool = True
    scopes: tuple[str, ...] = ()


def list_leases(chosen: Chosen | None, tools: Toolbox, sink: Sink) -> Report:
    """Report leases, those that have run out too: of the chosen nodes, or all there are."""
    names = None if chosen is None else frozenset(choose(chosen, tools.known_fleet, tools))
    sink.open(Head(kind=LEASE))
    reader, now_s = tools.store_reader, tools.clock.now().timestamp()
    leases = reader.leases() if reader else []
    shown = [one for one in leases if names is None or _node(one) in names]
    for lease in shown:
        sink.item(_item(lease, now_s))
    return Report(summary={"leases_count": len(shown), "held_count": sum(one.until_s > now_s for one in shown)})


def break_leases(asked: BreakAsked, tools: Toolbox, sink: Sink) -> Report:
    """Take leases from whoever holds them; their runs learn of it when they renew, and go no further."""
    consent = asked.fan.consent
    if not consent.reason:
        raise UsageError("why? --reason TEXT is what the owner of the lease will read")
    names: Sequence[str] = ()
    if asked.nodes:
        names = choose(asked.fan.chosen, tools.fleet, tools)
    elif not asked.scopes:
        raise UsageError(
            "which leases? name a SELECTOR, or --scope for what is no node; `aifctl leases list` shows them"
        )
    tools.note(f"inventory: {tools.fleet.origin}")
    plan = PlannedAction(
        verb="leases break",
        arguments={"scopes": list(asked.scopes), "reason": consent.reason},
        steps=("take leases from whoever holds them",),
        names=names,
    )
    if consent.dry_run:
        return show_plan(plan, tools, sink, guarded=True)
    seek_consent(plan, consent, tools, guarded=True, changing=False)
    by, scopes = this_person(tools.environ), [*(f"{NODE_SCOPE}{name}" for name in names), *asked.scopes]
    append_act(tools, by, verb="leases break", what=", ".join(scopes)[:_MOST_TEXT], why=consent.reason)
    broken = tools.store.break_leases(scopes, by, reason=consent.reason)
    sink.open(Head(kind=LEASE))
    now_s = tools.clock.now().timestamp()
    for lease in broken:
        sink.item(_item(lease, now_s))
    held = sum(lease.until_s > now_s for lease in broken)
    note = (
        f"{counted(held, 'lease')} broken: what held them may still be at work on the nodes; look before you touch them"
    )
    return Report(notes=(note,) if held else ("nobody held any",), summary={"broken_count": len(broken)})


_MOST_TEXT = 200


def _node(lease: Lease) -> str:
    return lease.scope.removeprefix(NODE_SCOPE) if lease.scope.startswith(NODE_SCOPE) else ""


def _item(lease: Lease, now_s: float) -> Mapping[str, Any]:
    return {
        "node": _node(lease) or None,
        "scope": lease.scope,
        "owner": lease.owner,
        "purpose": lease.purpose,
        "since_at": lease.since_s,
        "until_at": lease.until_s,
        "renewed_at": lease.renewed_at_s,
        "expired": lease.until_s <= now_s,
    }
