"""Going on with a sweep: whom nobody has looked at is looked at, and the whole is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.cli.resuming import resume as resume_any, retry as retry_any
from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.reading import SectionName
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fanout.runs import read_run
from aifctl.health.sweep_again import ResumeAsked, is_sweep, resume_sweep
from aifctl.ops.again import AgainAsked
from aifctl.ops.run import RunAsked, run
from tests.fakes.fleet import Script
from tests.health.swept_night import PACE, SweptNight, swept_night
from tests.ops.run_fakes import ListSink

SHORT = replace(PACE, deadline_s=0.2)


@pytest.fixture
def cut(tmp_path: Path) -> SweptNight:
    """Return a fleet of eight of which a sweep has seen five, one of them sick, before its deadline."""
    night = swept_night(tmp_path)
    night.night.plant("remap-failure@1")
    night.instead = dict.fromkeys(_others(night)[:3], Script(dial_s=600))
    assert night.sweep(pace=SHORT).exit is ExitCode.DEADLINE
    night.instead = {}
    return night


def _others(night: SweptNight) -> list[str]:
    sick = {machine.name for machine in night.night.machines if machine.faults}
    return [name for name in night.names if name not in sick]


def go_on(night: SweptNight, which: str = "latest") -> Report:
    night.pass_time(60)
    asked = ResumeAsked(sweep=which, fan=Fan(chosen=Chosen(selector=None)))
    return night.call(lambda sink: resume_sweep(asked, night.tools.box, sink))


def some_run(night: SweptNight) -> None:
    night.pass_time(60)
    fan = Fan(chosen=Chosen(selector="@all"))
    night.call(lambda sink: run(RunAsked(fan=fan, command=("true",)), night.tools.box, sink))


def test_the_rest_is_looked_at_once_and_the_sweep_ends_as_a_whole(cut: SweptNight) -> None:
    first = cut.tools.store.sweeps()[0]
    report = go_on(cut)
    assert sorted(cut.items) == sorted(_others(cut)[:3])
    assert report.exit is ExitCode.FINDINGS  # of the part before
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered) == (8, 8)
    (row,) = cut.tools.store.sweeps()
    assert (row.id, row.asked, row.answered, row.exit_code) == (first.id, 8, 8, 1)
    assert {cut.result(name) for name in cut.names} == {"ok", "fault"}
    assert report.summary["sweep"] == first.id


def test_what_it_was_asked_for_is_remembered_and_its_run_knows_what_it_continues(cut: SweptNight) -> None:
    before = read_run(cut.tools.state, "latest")
    go_on(cut)
    after = read_run(cut.tools.state, "latest")
    assert after.head["resumed_from"] == before.run_id
    assert after.head["work"] == {**before.head["work"], "sweep": before.run_id}


def test_it_can_be_cut_short_again_and_still_be_gone_on_with(cut: SweptNight) -> None:
    third = _others(cut)[2]
    cut.instead = {third: Script(dial_s=600)}
    cut.pass_time(60)
    fan = Fan(chosen=Chosen(selector=None), pace=SHORT)
    asked = ResumeAsked(sweep="latest", fan=fan)
    report = cut.call(lambda sink: resume_sweep(asked, cut.tools.box, sink))
    assert report.exit is ExitCode.DEADLINE
    cut.instead = {}
    assert go_on(cut).exit is ExitCode.FINDINGS
    assert list(cut.items) == [third]
    assert len(cut.tools.store.sweeps()) == 1


def test_where_nothing_is_left_nothing_is_asked(cut: SweptNight) -> None:
    go_on(cut)
    report = go_on(cut)
    assert report.exit is ExitCode.OK
    assert "nothing of sweep" in report.notes[0]
    assert cut.tools.transport.sent == []


def test_what_the_journal_has_and_the_store_has_not_is_looked_at_again(tmp_path: Path) -> None:
    """Killed between the two: up to a second of looks."""
    night = swept_night(tmp_path / "killed")
    night.sweep()
    fresh = swept_night(tmp_path / "fresh")
    night.tools.stores[:] = [fresh.tools.store]
    go_on(night)
    assert sorted(night.items) == sorted(night.names)


def test_runs_resume_goes_on_with_a_sweep_and_with_any_other_run(cut: SweptNight) -> None:
    cut.pass_time(60)
    asked = AgainAsked(run="latest", consent=Consent())
    report = cut.call(lambda sink: resume_any(asked, cut.tools.box, sink))
    assert (report.exit, len(cut.items)) == (ExitCode.FINDINGS, 3)
    some_run(cut)
    assert not is_sweep("latest", cut.tools.state)
    report = cut.call(lambda sink: resume_any(asked, cut.tools.box, sink))
    assert "nothing of run" in report.notes[0]


def test_latest_is_the_newest_sweep_and_a_run_that_is_none_is_refused(cut: SweptNight) -> None:
    some_run(cut)
    with pytest.raises(UsageError, match="was a run, no sweep; `aifctl runs resume"):
        go_on(cut, read_run(cut.tools.state, "latest").run_id)
    go_on(cut)
    assert len(cut.items) == 3


def test_without_any_sweep_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there has been no sweep"):
        go_on(swept_night(tmp_path, 1))


def test_nodes_that_have_left_the_inventory_are_left_out(cut: SweptNight) -> None:
    fleet = cut.tools.inventory
    gone = _others(cut)[0]
    cut.tools.fleet = type(fleet).from_nodes([fleet.node(name) for name in fleet.names if name != gone], origin="sim")
    report = go_on(cut)
    assert cut.items[gone]["outcome"] == "skipped"
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered) == (7, 7)


def test_the_sink_is_opened_once(cut: SweptNight) -> None:
    sink = ListSink()
    cut.pass_time(60)
    cut.call(
        lambda _: resume_sweep(ResumeAsked(sweep="latest", fan=Fan(chosen=Chosen(selector=None))), cut.tools.box, sink)
    )
    assert [head.kind.name for head in sink.heads] == ["Sweep"]


def test_runs_retry_looks_again_at_those_that_did_not_answer_and_the_sweep_counts_them(tmp_path: Path) -> None:
    night = swept_night(tmp_path)
    away = night.names[:2]
    night.instead = dict.fromkeys(away, Script(dial_error=Outcome.CONNECT_TIMEOUT))
    first = night.sweep()
    assert (first.coverage.answered, first.exit) == (6, ExitCode.COVERAGE)  # type: ignore[union-attr]
    night.instead = {}
    night.pass_time(60)
    asked = AgainAsked(run="latest", consent=Consent(), outcomes="unreachable")
    report = night.call(lambda sink: retry_any(asked, night.tools.box, sink))
    assert sorted(night.items) == sorted(away)
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered, report.exit) == (8, 8, ExitCode.OK)
    (row,) = night.tools.store.sweeps()
    assert (row.id, row.answered) == (first.summary["sweep"], 8)
    assert read_run(night.tools.state, "latest").head["resumed_from"] == first.summary["run"]


def test_runs_retry_goes_on_with_any_other_run_too(cut: SweptNight) -> None:
    some_run(cut)
    asked = AgainAsked(run="latest", consent=Consent(), outcomes="ok")
    report = cut.call(lambda sink: retry_any(asked, cut.tools.box, sink))
    assert (report.exit, len(cut.items)) == (ExitCode.OK, 8)


def test_a_check_that_raises_takes_no_coverage_from_the_part_before_either(tmp_path: Path) -> None:
    def raising(_thing: object, _case: Case) -> list[Finding]:
        raise ZeroDivisionError

    night = swept_night(tmp_path)
    subjects = [("node", None)]
    broken = Check(
        name="site-own", about="A site's.", section=SectionName.GPU, subjects=lambda _: subjects, judge=raising
    )
    night.tools.checks = (*night.tools.checks, broken)
    night.instead = dict.fromkeys(night.names[:3], Script(dial_s=600))
    night.sweep(pace=SHORT)
    night.instead = {}
    report = go_on(night)
    assert report.coverage is not None
    assert (report.coverage.asked, report.coverage.answered, report.exit) == (8, 8, ExitCode.FINDINGS)
