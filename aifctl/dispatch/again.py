"""An earlier run's own words, as the verbs that go on with it need them: which nodes, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.dispatch.asked import Pace
from aifctl.dispatch.selection import Nodes, sort_out
from aifctl.fanout.runs import RunRecord
from aifctl.ports.toolbox import Toolbox


def nodes_again(record: RunRecord, names: tuple[str, ...], tools: Toolbox) -> Nodes:
    """Return which of a run's nodes are still there and may be acted on."""
    fleet = tools.fleet
    gone = tuple((name, "no longer in the inventory") for name in names if name not in fleet)
    there = tuple(name for name in names if name in fleet)
    states = tuple(record.head.get("include_states", ()))
    sorted_out = sort_out(record.summary.verb, there, fleet, include_states=states)
    return Nodes(names=sorted_out.names, skipped=(*sorted_out.skipped, *gone))


def pace_again(facts: Mapping[str, Any]) -> Pace:
    """Return the pace that a run's head holds."""
    stragglers = facts.get("stragglers")
    return Pace(**{**facts, "stragglers": tuple(stragglers) if stragglers else None})
