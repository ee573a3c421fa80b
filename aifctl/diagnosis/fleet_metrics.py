"""A fleet's health as metrics, for scrapers and for the text file of cron: a few series for any size of fleet.

Nodes are no labels: 50,000 of them in a dozen conditions would be series by the million. Incidents are, open ones are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from aifctl.core.metrics import Family, gauge
from aifctl.diagnosis.fleet_health import Condition, FleetHealth, IncidentHealth

#: Of a storm only the worst are told by name; their number is always told.
_MOST_INCIDENTS = 200


def fleet_metrics(health: FleetHealth) -> Iterator[Family]:
    """Yield the metrics. A time that is not known has no sample: an alert on its absence is the right one."""
    yield _by_condition("aifctl_fleet_nodes", "Nodes by condition; each is in exactly one.", health.counts)
    about = "The same of nodes that nobody deals with yet: not drained, nothing acknowledged or silenced."
    yield _by_condition("aifctl_fleet_unhandled_nodes", about, health.open_counts)
    states = tuple(({"state": name}, float(count)) for name, count in health.states.items())
    yield Family(name="aifctl_fleet_state_nodes", about="Nodes by state of their life.", rows=states)
    yield from _sweep(health)
    if health.reconciled_at_s:
        about = "When `aifctl reconcile` last ran."
        yield gauge("aifctl_reconcile_last_timestamp_seconds", about, health.reconciled_at_s)
    yield gauge("aifctl_not_done", "Things that are wanted and only queued.", len(health.not_done))
    yield gauge("aifctl_muted_checks", "Mutes that hold.", len(health.muted))
    yield from _incidents(health.incidents)


def _sweep(health: FleetHealth) -> Iterator[Family]:
    sweep = health.sweep
    if sweep is None:
        return
    yield gauge("aifctl_sweep_last_timestamp_seconds", "When the last sweep ended.", sweep.ended_at_s)
    duration_s = sweep.ended_at_s - sweep.started_at_s
    yield gauge("aifctl_sweep_last_duration_seconds", "How long the last sweep took.", duration_s)
    yield gauge(
        "aifctl_sweep_last_coverage_ratio", "Share of the nodes it was to ask that could be judged.", sweep.share
    )
    yield gauge("aifctl_sweep_last_asked_nodes", "Nodes that it was to ask.", sweep.asked)
    yield gauge("aifctl_sweep_last_answered_nodes", "Nodes that could be judged.", sweep.answered)


def _incidents(incidents: tuple[IncidentHealth, ...]) -> Iterator[Family]:
    counted = Counter((one.result, str(one.handled).lower()) for one in incidents)
    rows = tuple(
        ({"result": result, "handled": handled}, float(count)) for (result, handled), count in sorted(counted.items())
    )
    about = "Open incidents by result; handled: acknowledged or silenced."
    yield Family(
        name="aifctl_open_incidents", about=about, rows=rows or (({"result": "fault", "handled": "false"}, 0.0),)
    )
    about = "Nodes that an open incident touches."
    told = tuple((_labels(one), float(len(one.nodes))) for one in incidents[:_MOST_INCIDENTS])
    yield Family(name="aifctl_incident_nodes", about=about, rows=told)


def _labels(one: IncidentHealth) -> dict[str, str]:
    return {
        "incident": str(one.id),
        "check": one.check,
        "code": one.code,
        "scope": one.scope,
        "where": one.scope_value,
        "result": one.result,
        "action": one.action,
    }


def _by_condition(name: str, about: str, counts: Mapping[Condition, int]) -> Family:
    rows = tuple(({"condition": condition.value}, float(counts[condition])) for condition in Condition)
    return Family(name=name, about=about, rows=rows)
