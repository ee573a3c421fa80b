"""What a monitoring system is told: one line, four exit codes, and no alarm about what somebody already sees to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.core.errors import BackendError, RefusedError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Head, Kind, Report
from aifctl.diagnosis.fleet_health import Condition, FleetHealth, NodeHealth
from aifctl.output.errors import render_error
from aifctl.output.format import Format, Page
from aifctl.output.formats.nagios import FORMAT, Level, level_of
from tests.diagnosis.fleet_healths import HOSTILE, NOW_S, empty_fleet, healthy_fleet, incident, node, sick_fleet
from tests.output.conftest import Render
from tests.output.fleet_reports import report_of


def fleet(*odd: NodeHealth, **more: Any) -> FleetHealth:
    """Return a healthy fleet of 200 in which some nodes are not."""
    names = {one.node for one in odd}
    usual = [node(f"r1n{at}", Condition.OK, at_s=NOW_S - 40) for at in range(200)]
    nodes = tuple(one for one in usual if one.node not in names)
    return replace(healthy_fleet(), nodes=(*odd, *nodes), **more)


def level(health: FleetHealth, code: ExitCode = ExitCode.OK) -> Level:
    return level_of(Report(exit=code, view=health))


def test_a_healthy_fleet_is_ok() -> None:
    assert level(healthy_fleet()) is Level.OK
    assert level(fleet(node("r1n1", Condition.WATCH), node("r1n2", Condition.OUT))) is Level.OK


def test_one_node_at_fault_is_critical_unless_somebody_sees_to_it() -> None:
    assert level(fleet(node("r1n1", Condition.FAULT))) is Level.CRITICAL
    assert level(fleet(node("r1n1", Condition.FAULT, handled=True))) is Level.OK


@pytest.mark.parametrize(
    "condition",
    [Condition.DEGRADED, Condition.UNREACHABLE, Condition.UNKNOWN, Condition.STALE, Condition.UNSEEN],
)
def test_what_is_degraded_or_could_not_be_looked_at_is_a_warning(condition: Condition) -> None:
    assert level(fleet(node("r1n1", condition))) is Level.WARNING
    assert level(fleet(node("r1n1", condition, handled=True))) is Level.OK


def test_where_too_many_could_not_be_looked_at_nothing_is_known() -> None:
    blind = [node(f"r1n{at}", Condition.UNREACHABLE) for at in range(5)]
    assert level(fleet(*blind[:4])) is Level.WARNING
    assert level(fleet(*blind)) is Level.UNKNOWN
    assert level(fleet(*blind, node("r1n9", Condition.FAULT))) is Level.CRITICAL


def test_without_a_sweep_of_late_nothing_is_known() -> None:
    assert level(empty_fleet()) is Level.UNKNOWN
    assert level(replace(healthy_fleet(), at_s=NOW_S + 7200)) is Level.UNKNOWN


def test_what_is_only_queued_is_a_warning() -> None:
    assert level(fleet(not_done=("3 notifications are not sent",))) is Level.WARNING


def test_findings_that_were_to_be_told_are_a_warning_and_a_broken_run_is_unknown() -> None:
    assert level(fleet(), ExitCode.FINDINGS) is Level.WARNING
    assert level(fleet(), ExitCode.BACKEND) is Level.UNKNOWN
    assert level(fleet(), ExitCode.BUG) is Level.UNKNOWN


@given(
    conditions=st.lists(st.sampled_from(list(Condition)), max_size=30),
    code=st.sampled_from(list(ExitCode)),
    is_old=st.booleans(),
)
def test_it_is_ok_only_where_all_that_is_looked_at_is_ok_or_watched(
    conditions: list[Condition], code: ExitCode, is_old: bool
) -> None:
    health = fleet(*(node(f"r1n{at}", one) for at, one in enumerate(conditions)), at_s=NOW_S + 7200 * is_old)
    found = level(health, code)
    assert 0 <= found <= 3
    if found is Level.OK:
        assert set(conditions) <= {Condition.OK, Condition.WATCH, Condition.OUT}
        assert not is_old
        assert code in {ExitCode.OK, ExitCode.COVERAGE, ExitCode.NONE_ASKED}


def test_the_first_line_has_one_bar_and_numbers_behind_it_and_nothing_raw(render: Render) -> None:
    hostile = incident(7, message=f"a | b\n{HOSTILE}", check="x|y")
    health = replace(sick_fleet(), incidents=(hostile,), not_done=(f"| {HOSTILE}",))
    first, *more = render("nagios", *_case(health)).splitlines()
    assert first.startswith("AIFCTL CRITICAL - 1 fault (r2n3); 1 degraded (r2n2)")
    text, bar, performance = first.partition(" | ")
    assert bar
    assert "|" not in text + performance + "".join(more)
    assert "ok=22;;;0;32" in performance.split()
    assert "coverage=93.33%;98:;;0;100" in performance.split()
    assert len(more) == 1
    assert more[0].startswith("#7 fault node r2n1: x/y: a / b\\n<script>")
    assert "".join([first, *more]).isprintable()


def test_a_hundred_incidents_do_not_flood_the_pager(render: Render) -> None:
    incidents = tuple(incident(at, check=f"check-{at}", nodes=(f"r1n{at}",)) for at in range(100))
    lines = render("nagios", *_case(replace(sick_fleet(), incidents=incidents))).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "and 80 more"
    assert max(map(len, lines)) < 2500


@pytest.mark.parametrize(
    "error", [UsageError("no such option"), SetupError("a | b\nc"), RefusedError("no"), BackendError("x")]
)
def test_an_error_before_there_is_a_report_is_unknown(error: UsageError) -> None:
    text, code = render_error(error, FORMAT, page=Page())
    assert code == 3
    assert text.startswith("AIFCTL UNKNOWN - ")
    assert (text.count("\n"), text.count("|")) == (1, 0)


def test_only_kinds_that_have_a_fleets_health_are_shown_and_others_are_told_what_fits(
    render: Render, formats: dict[str, Format]
) -> None:
    kind = Kind(name="Node", columns=(Column(key="node", title="node"),))
    for name in ("nagios", "prometheus", "html"):
        with pytest.raises(UsageError, match=f"-o {name} can't show this .a report of Node.; use -o .*json.*table"):
            render(name, Head(kind=kind), [])
    assert {name for name, one in formats.items() if not one.fits(kind)} == {"nagios", "prometheus", "html"}


def _case(health: FleetHealth) -> Any:
    head, items, report = report_of(health)
    return head, items(), report
