"""Names of runs, and the ways to refer to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import _ALPHABET, claim_run, new_run_id, resolve_run, run_ids
from tests.fanout.journal_fakes import TONIGHT, TestClock, chance


def make_runs(state: StateDir, *ids: str) -> None:
    for run_id in ids:
        state.folder("runs", run_id)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


def test_an_id_is_the_time_to_the_second_and_four_more_characters() -> None:
    run_id = new_run_id(TestClock(at=datetime(2026, 11, 24, 0, 35, 12, tzinfo=UTC)), chance())

    assert run_id.startswith("20261124-003512-00")
    assert len(run_id) == len("20261124-003512-x7k2")


def test_ids_sort_by_time_to_the_millisecond() -> None:
    clock, source = TestClock(), chance()
    ids = []
    for _ in range(2000):
        ids.append(new_run_id(clock, source))
        clock.at += timedelta(milliseconds=1)

    assert ids == sorted(ids)


def test_every_claim_gets_a_folder_of_its_own_though_the_clock_stands_still(state: StateDir) -> None:
    source = chance()
    claimed = [claim_run(state, TestClock(), source) for _ in range(300)]

    assert len(set(claimed)) == 300
    assert run_ids(state) == sorted(claimed)


def test_ids_that_are_all_taken_are_an_error_not_a_hang(state: StateDir) -> None:
    beginning = chance()
    all_taken = [f"20261124-003512-9l{high}{low}" for high in _ALPHABET for low in _ALPHABET]
    make_runs(state, *all_taken)

    with pytest.raises(SetupError, match="100 run ids in a row were taken"):
        claim_run(state, TestClock(at=TONIGHT), beginning)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("latest", "20261124-003512-x7k2"),
        ("-1", "20261124-003512-x7k2"),
        ("-3", "20261122-120000-aaaa"),
        ("20261123-235959-bbbb", "20261123-235959-bbbb"),
        ("20261123", "20261123-235959-bbbb"),
        ("x7k2", "20261124-003512-x7k2"),
    ],
)
def test_a_run_is_found_by_id_beginning_end_or_place(state: StateDir, reference: str, expected: str) -> None:
    make_runs(state, "20261122-120000-aaaa", "20261123-235959-bbbb", "20261124-003512-x7k2", "not-a-run", ".gone")

    assert resolve_run(state, reference) == expected


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("2026", "'2026' is the beginning of 2 runs, the latest of them .*; write more of it"),
        ("-9", "there is no run -9: 2 are kept, -1 is the latest"),
        ("-0", "there is no run -0"),
        ("nonsense", "there is no run 'nonsense'; the latest is 20261124-003512-x7k2"),
        ("", "there is no run ''"),
        ("../../etc", "there is no run"),
    ],
)
def test_a_reference_to_no_single_run_says_so(state: StateDir, reference: str, sentence: str) -> None:
    make_runs(state, "20261123-235959-bbbb", "20261124-003512-x7k2")

    with pytest.raises(UsageError, match=sentence):
        resolve_run(state, reference)


def test_no_runs_at_all_is_said(state: StateDir) -> None:
    with pytest.raises(UsageError, match="there are no runs"):
        resolve_run(state, "latest")
