"""-o nagios: one line for a monitoring system, in its own words and with its own exit codes.

The format: https://nagios-plugins.org/doc/guidelines.html (plugin output, performance data, return codes).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from aifctl.core.exit_codes import ExitCode
from aifctl.core.printable import printable_line
from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_health import NOT_LOOKED_AT, Condition, FleetHealth
from aifctl.output.ages import show_age
from aifctl.output.fleet_sentences import folded_incidents, incident_facts, incident_numbers, incident_title, nodes_of
from aifctl.output.format import Format, Page

#: A larger share that nobody could look at says that monitoring itself is broken, as sweep's own bound has it.
_MOST_UNSEEN_SHARE = 0.02
_MOST_INCIDENTS = 20
_MOST_CHARACTERS = 1000


class Level(IntEnum):
    """What Nagios knows."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WARNING = (Condition.DEGRADED, Condition.UNREACHABLE, Condition.UNKNOWN, Condition.STALE, Condition.UNSEEN)
#: With these a command has done what it was to do; with all others it has not.
_DONE = frozenset({ExitCode.OK, ExitCode.FINDINGS, ExitCode.COVERAGE, ExitCode.NONE_ASKED})


def level_of(report: Report) -> Level:
    """Return the level.

    Nodes that are drained, and those whose incidents are acknowledged or silenced, raise no alarm: somebody knows.
    """
    health = report.view
    if not isinstance(health, FleetHealth):
        return Level.UNKNOWN
    counts = health.open_counts
    if counts[Condition.FAULT]:
        return Level.CRITICAL
    if report.exit not in _DONE or _is_blind(health):
        return Level.UNKNOWN
    if report.exit is ExitCode.FINDINGS or any(counts[one] for one in _WARNING) or health.not_done:
        return Level.WARNING
    return Level.OK


def _is_blind(health: FleetHealth) -> bool:
    looked_at = [node for node in health.nodes if node.condition is not Condition.OUT]
    unseen = sum(node.condition in NOT_LOOKED_AT for node in looked_at)
    return health.out_of_date or unseen > max(1, _MOST_UNSEEN_SHARE * len(looked_at))


class _Nagios:
    def __init__(self, _page: Page) -> None:
        pass

    def open(self, _head: Head) -> Iterator[str]:
        yield from ()

    def item(self, _item: Item) -> Iterator[str]:
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        health, level = report.view, level_of(report)
        if not isinstance(health, FleetHealth):
            told = next((str(error.get("message")) for error in report.errors), "there is nothing to judge")
            yield f"AIFCTL UNKNOWN - {_one_line(told)}\n"
            return
        errors = [str(error.get("message")) for error in report.errors]
        text = "; ".join([*errors, *_told(health)])
        yield f"AIFCTL {level.name} - {_one_line(text)} | {' '.join(_performance(health))}\n"
        yield from (f"{_one_line(line)}\n" for line in _incidents(health))


def _incidents(health: FleetHealth) -> Iterator[str]:
    """Yield what nobody has taken on yet, a line each: Nagios shows them below the first."""
    folds = folded_incidents([one for one in health.incidents if not one.handled])
    for alike in folds[:_MOST_INCIDENTS]:
        one, facts = alike[0], ", ".join(incident_facts(alike[0], health.at_s))
        yield f"{incident_numbers(alike)} {one.result} {incident_title(alike)}: {one.message} ({facts})"
    if len(folds) > _MOST_INCIDENTS:
        yield f"and {len(folds) - _MOST_INCIDENTS} more"


def _told(health: FleetHealth) -> Iterator[str]:
    counts = health.open_counts
    if health.sweep is None:
        yield "no sweep has ended yet"
    elif health.out_of_date:
        yield f"the last sweep ended {show_age(health.sweep_age_s or 0.0)} ago"
    for condition in (Condition.FAULT, *_WARNING):
        names = tuple(node.node for node in health.nodes if node.condition is condition and not node.handled)
        if names:
            yield f"{counts[condition]} {condition.value} ({nodes_of(names) if len(names) == 1 else _folded(names)})"
    yield f"{health.counts[Condition.OK]} of {len(health.nodes)} nodes ok"
    handled = sum(node.handled and node.condition not in {Condition.OK, Condition.OUT} for node in health.nodes)
    if handled:
        yield f"{handled} not ok and taken care of"
    if health.not_done:
        yield f"NOT DONE: {health.not_done[0]}"


def _folded(names: tuple[str, ...]) -> str:
    text = nodes_of(names).partition(" nodes ")[2]
    return text if len(text) <= _MOST_CHARACTERS // 5 else f"{text[: _MOST_CHARACTERS // 5]}..."


def _performance(health: FleetHealth) -> Iterator[str]:
    total = len(health.nodes)
    yield from (f"{condition.value}={count};;;0;{total}" for condition, count in health.counts.items())
    yield f"incidents={len(health.incidents)};;;0"
    if health.sweep is not None:
        yield f"coverage={health.sweep.share * 100:.2f}%;98:;;0;100"
        yield f"sweep_age={health.sweep_age_s or 0.0:.0f}s;{health.stale_after_s:.0f};;0"
    if health.reconciled_at_s:
        yield f"reconcile_age={max(0.0, health.at_s - health.reconciled_at_s):.0f}s;;;0"


def _one_line(text: str) -> str:
    """Return it on one line, without the bar that begins performance data."""
    line = printable_line(text).replace("|", "/")
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."


FORMAT = Format(
    name="nagios",
    about="for monitoring: one line with performance data, exit 0 to 3 and nothing else",
    make=_Nagios,
    holds_errors=True,
    asks=True,
    exit_of=level_of,
)
