"""An earlier run's own words, as the verbs that go on with it need them: which nodes, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aifctl.dispatch.asked import Chosen, Consent, Fan, Keep, Pace
from aifctl.dispatch.selection import Nodes, holds_against, sort_out
from aifctl.fanout.runs import RunRecord
from aifctl.ports.toolbox import Toolbox


def nodes_again(record: RunRecord, names: tuple[str, ...], tools: Toolbox) -> Nodes:
    """Return which of a run's nodes are still there and may be acted on; as `selection.sort_out` where some may not."""
    fleet, verb = tools.fleet, record.summary.verb
    gone = tuple((name, "no longer in the inventory") for name in names if name not in fleet)
    there = tuple(name for name in names if name in fleet)
    states = tuple(record.head.get("include_states", ()))
    holds = holds_against(verb, tools, owner=record.head.get("owner", ""))
    sorted_out = sort_out(verb, there, fleet, include_states=states, holds=holds)
    return Nodes(names=sorted_out.names, skipped=(*sorted_out.skipped, *gone))


def pace_again(facts: Mapping[str, Any]) -> Pace:
    """Return the pace that a run's head holds."""
    stragglers = facts.get("stragglers")
    return Pace(**{**facts, "stragglers": tuple(stragglers) if stragglers else None})


def fan_again(record: RunRecord, consent: Consent, argv: tuple[str, ...]) -> Fan:
    """Return what an earlier run was told of how to go about it; consent is given anew."""
    return Fan(
        chosen=Chosen(selector=None),
        pace=pace_again(record.head.get("pace", {})),
        keep=Keep(outdir=record.head.get("outdir")),
        # What was only looked at is only looked at again: to do it, it is given anew.
        consent=replace(consent, dry_run=consent.dry_run or "dry_run" in record.head),
        argv=argv,
        resumed_from=record.run_id,
    )
