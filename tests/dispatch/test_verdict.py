"""What the outcomes of a run come to: coverage and one exit code."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import ANSWERED, NOT_STARTED, Outcome
from aifctl.dispatch.verdict import coverage_of, exit_of


def code(counts: Mapping[Outcome, int], *, not_reached: int = 0, min_coverage: float = 1.0) -> ExitCode:
    coverage = coverage_of(counts, not_reached=not_reached, skipped=0)
    return exit_of(counts, coverage, stopped=ExitCode.OK, min_coverage=min_coverage)


def test_all_that_answered_well_is_0() -> None:
    assert code({Outcome.OK: 3}) is ExitCode.OK


@pytest.mark.parametrize("failed", sorted(ANSWERED - {Outcome.OK}))
def test_a_command_that_failed_on_a_node_is_1(failed: Outcome) -> None:
    assert code({Outcome.OK: 3, failed: 1}) is ExitCode.FINDINGS


@pytest.mark.parametrize("outcome", sorted(NOT_STARTED))
def test_no_node_that_got_the_command_is_4(outcome: Outcome) -> None:
    assert code({outcome: 4}) is ExitCode.NONE_ASKED


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.LOST, Outcome.UNREADABLE])
def test_nodes_that_got_the_command_and_never_answered_are_3(outcome: Outcome) -> None:
    assert code({outcome: 4}) is ExitCode.COVERAGE
    assert code({outcome: 1, Outcome.REFUSED: 3}) is ExitCode.COVERAGE


def test_one_of_very_many_without_an_answer_is_still_3() -> None:
    assert code({Outcome.OK: 6249}, not_reached=1) is ExitCode.COVERAGE


def test_a_lower_demand_is_met_and_a_failed_command_then_shows() -> None:
    assert code({Outcome.OK: 98, Outcome.REFUSED: 2}, min_coverage=0.98) is ExitCode.OK
    assert code({Outcome.OK: 97, Outcome.EXIT: 1, Outcome.REFUSED: 2}, min_coverage=0.98) is ExitCode.FINDINGS


def test_a_bug_of_ours_stands_above_all() -> None:
    assert code({Outcome.OK: 3, Outcome.UNKNOWN: 1, Outcome.EXIT: 1}) is ExitCode.BUG


def test_skipped_nodes_lower_no_coverage() -> None:
    assert code({Outcome.OK: 3, Outcome.SKIPPED: 4}) is ExitCode.OK
