"""status: how the fleet stands, from the store alone; no node is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Coverage, Field, FieldType, Head, Item, Kind, Report
from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.fleet_groups import By, Group, grouped, usual_grouping
from aifctl.diagnosis.fleet_health import (
    CONDITION_RANK,
    STALE_AFTER_S,
    ChangeKind,
    Condition,
    FleetHealth,
    IncidentHealth,
    NodeHealth,
)
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.nodeset_fold import fold
from aifctl.health.fleet_reading import read_fleet_health
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader
from aifctl.ports.toolbox import Toolbox

#: Formats beyond the usual ones that show a fleet's health.
DRAWS = ("nagios", "prometheus", "html")

STATUS = Kind(
    name="Status",
    about="Nodes that share a rack, a unit, a state, …, by what they count as; each node is in one count.",
    key="group",
    keeps_order=True,
    draws=DRAWS,
    columns=(
        Column(key="group", title="group", type=FieldType.STRING, about="the rack, unit, state, …; `-` where none"),
        Column(key="nodes_count", title="nodes", right=True, type=FieldType.INTEGER, about="nodes in it"),
        *(
            Column(key=condition.value, title=condition.value, right=True, type=FieldType.INTEGER)
            for condition in Condition
        ),
        Column(key="worst", title="worst", type=FieldType.STRING, about="what its worst node counts as"),
        Column(key="worst_node", title="worst node", type=FieldType.STRING, about="the first of those"),
        Column(key="worst_check", title="check", type=FieldType.STRING, about="what is worst about that"),
        Column(key="oldest_at", title="oldest", type=FieldType.TIME, about="the oldest look that its result rests on"),
    ),
    fields=(Field(key="not_ok", type=FieldType.STRING, about="nodes neither ok nor out, folded"),),
)
NODE_STATUS = Kind(
    name="NodeStatus",
    about="What one node counts as, and what stands about it.",
    draws=DRAWS,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="condition", title="condition", type=FieldType.STRING, about=", ".join(Condition)),
        Column(key="state", title="state", type=FieldType.STRING, about="of its life"),
        Column(key="off", title="off", type=FieldType.BOOLEAN, about="powered down on purpose"),
        Column(key="rack", title="rack", type=FieldType.STRING, about="where it stands"),
        Column(key="result", title="result", type=FieldType.STRING, about="of the newest look, however old"),
        Column(key="worst_check", title="check", type=FieldType.STRING, about="what is worst about it"),
        Column(key="looked_at", title="looked", type=FieldType.TIME, about="the newest look"),
        Column(key="seen_at", title="seen", type=FieldType.TIME, about="when it last answered"),
        Column(key="message", title="message", type=FieldType.STRING, about="why it could not be looked at"),
    ),
    fields=(
        Field(key="handled", type=FieldType.BOOLEAN, about="drained, or all about it acknowledged or silenced"),
        Field(key="findings", type=FieldType.ARRAY, about="check, subject, code, result, action, message, since_at"),
    ),
)

#: What `--fail-on` knows beside the conditions that are worse than ok.
NEW = "new"
FAIL_ON = (*(one.value for one in Condition if one not in {Condition.OK, Condition.OUT}), NEW)
_NEWS = frozenset({Result.FAULT.value, Result.DEGRADED.value, Result.UNREACHABLE.value, Result.UNKNOWN.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAsked:
    """What to show.

    Attributes:
        by: None chooses by what the inventory knows.
        fail_on: exit 1 for nodes in this condition or a worse one, or "new" for anything the last sweep found new; "" never.
    """

    chosen: Chosen
    by: By | None = None
    is_map: bool = False
    fail_on: str = ""
    stale_after_s: float = STALE_AFTER_S

    def __post_init__(self) -> None:
        if self.fail_on and self.fail_on not in FAIL_ON:
            raise UsageError(f"--fail-on {self.fail_on!r}: write one of {', '.join(FAIL_ON)}")


def parse_by(text: str | None) -> By | None:
    """Return what `--by` says; UsageError for what nodes can't be grouped by."""
    if text is not None and text not in set(By):
        raise UsageError(f"--by {text!r}: write one of {', '.join(By)}")
    return None if text is None else By(text)


def status(asked: StatusAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report how the nodes stand; exit 1 only where `fail_on` says so."""
    return show(asked, look(asked, tools), tools, sink)


def look(asked: StatusAsked, tools: Toolbox) -> FleetHealth:
    """Read how the nodes stand now."""
    return look_at(asked, tools, tools.store_reader)


def look_at(asked: StatusAsked, tools: Toolbox, reader: Reader | None) -> FleetHealth:
    """Read it through a reader that is at hand; states are read once, for selection and report alike."""
    states = {name: row.now for name, row in reader.states().items()} if reader else {}
    fleet = tools.known_fleet.written.with_states(lambda: states)
    names = choose(asked.chosen, fleet, tools)
    now_s = tools.clock.now().timestamp()
    return read_fleet_health(reader, fleet, names, now_s=now_s, stale_after_s=asked.stale_after_s)


def show(asked: StatusAsked, health: FleetHealth, tools: Toolbox, sink: Sink) -> Report:
    """Report what was read."""
    by = asked.by or usual_grouping(health)
    nodes_wanted = asked.is_map or by is By.NODE
    facts = {"selector": asked.chosen.selector, "by": by.value, "inventory": tools.known_fleet.origin}
    drawing = "map" if asked.is_map else "fleet"
    sink.open(Head(kind=NODE_STATUS if nodes_wanted else STATUS, facts=facts, drawing=drawing))
    for item in _items(health, by, nodes_wanted=nodes_wanted):
        sink.item(item)
    failed = _failed(health, asked.fail_on)
    return Report(
        exit=ExitCode.FINDINGS if failed else ExitCode.OK,
        coverage=Coverage(asked=health.sweep.asked, answered=health.sweep.answered) if health.sweep else None,
        summary=summary_of(health),
        complete=not health.out_of_date,
        view=health,
    )


def summary_of(health: FleetHealth) -> Mapping[str, Any]:
    """Return all but the nodes, JSON-able."""
    sweep = health.sweep
    return {
        "nodes_count": len(health.nodes),
        "conditions": {condition.value: count for condition, count in health.counts.items()},
        "unhandled": {condition.value: count for condition, count in health.open_counts.items()},
        "states": dict(health.states),
        "sweep": sweep
        and {
            "id": sweep.id,
            "started_at": sweep.started_at_s,
            "ended_at": sweep.ended_at_s,
            "age_s": health.sweep_age_s,
            "asked": sweep.asked,
            "answered": sweep.answered,
            "exit": sweep.exit_code,
        },
        "going_on_since_at": health.going_on_since_s or None,
        "out_of_date": health.out_of_date,
        "reconciled_at": health.reconciled_at_s,
        "not_done": list(health.not_done),
        "muted": list(health.muted),
        "incidents": [_incident(one) for one in health.incidents],
        "changes": [
            {
                "kind": one.kind.value,
                "check": one.check,
                "code": one.code,
                "result": one.result,
                "message": one.message,
                "nodes": fold(one.nodes),
            }
            for one in health.changes
        ],
    }


def _items(health: FleetHealth, by: By, *, nodes_wanted: bool) -> Iterator[Item]:
    if nodes_wanted:
        for node in health.nodes:
            yield {**_node_item(node), "findings": _findings(health, node.node)}
    else:
        yield from map(_group_item, grouped(health, by))


def _group_item(group: Group) -> Item:
    worst = group.worst
    sick = [node.node for node in group.nodes if node.condition not in {Condition.OK, Condition.OUT}]
    return {
        "group": group.value,
        "nodes_count": len(group.nodes),
        **{condition.value: count for condition, count in group.counts.items()},
        "worst": worst.condition.value,
        "worst_node": worst.node,
        "worst_check": worst.worst_check or None,
        "oldest_at": group.oldest_at_s,
        "not_ok": fold(sick) if sick else "",
    }


def _node_item(node: NodeHealth) -> Item:
    return {
        "node": node.node,
        "condition": node.condition.value,
        "state": node.state,
        "off": node.off,
        "rack": node.place.rack or None,
        "result": node.result or None,
        "worst_check": node.worst_check or None,
        "looked_at": node.at_s,
        "seen_at": node.seen_at_s,
        "message": node.why or None,
        "handled": node.handled,
    }


def _findings(health: FleetHealth, node: str) -> list[Mapping[str, Any]]:
    return [
        {
            "check": one.check,
            "subject": one.subject,
            "code": one.code,
            "result": one.result,
            "action": one.action,
            "message": one.message,
            "since_at": datetime.fromtimestamp(one.first_at_s, UTC),
        }
        for one in health.findings.get(node, ())
    ]


def _incident(one: IncidentHealth) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "result": one.result,
        "check": one.check,
        "code": one.code,
        "scope": one.scope,
        "scope_value": one.scope_value,
        "nodes": fold(one.nodes) if one.nodes else "",
        "nodes_count": len(one.nodes),
        "action": one.action,
        "message": one.message,
        "opened_at": one.opened_at_s,
        "acked_by": one.acked_by or None,
        "silenced_until_at": one.silenced_until_s,
        "suspect": one.suspect,
    }


def _failed(health: FleetHealth, fail_on: str) -> bool:
    if not fail_on:
        return False
    if fail_on == NEW:
        return any(one.kind is not ChangeKind.CLEARED and one.result in _NEWS for one in health.changes)
    bound = CONDITION_RANK[Condition(fail_on)]
    return any(
        count and CONDITION_RANK[one] >= bound for one, count in health.counts.items() if one is not Condition.OUT
    )
