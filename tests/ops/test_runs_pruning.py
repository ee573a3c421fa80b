"""Old runs are removed, but nothing that is still needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import run_ids
from aifctl.ops.runs.pruning import prune_runs
from tests.fanout.journal_fakes import TestClock, begin, keep_run, ok, tally
from tests.ops.run_fakes import ListSink, tools_with


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


def test_all_but_the_newest_are_removed_with_their_output(state: StateDir) -> None:
    clock = TestClock(step_s=0.01)
    runs = [keep_run(state, [ok("n1", bytes(4000) + bytes([index]))], clock=clock) for index in range(5)]
    sink = ListSink()

    report = prune_runs(2, tools_with(state), sink)

    assert run_ids(state) == runs[3:]
    assert sorted(path.name for path in (state.path / "runs").iterdir()) == runs[3:]
    assert [item["run"] for item in sink.items] == runs[:3]
    assert report.notes == ("3 runs were removed, 2 are kept",)


def test_what_goes_on_and_what_a_kept_run_continues_stay(state: StateDir) -> None:
    clock = TestClock(step_s=0.01)
    first = keep_run(state, [ok("n1")], never=["n2"], crashed=True, clock=clock)
    other = keep_run(state, [ok("n1")], clock=clock)
    with begin(state, ["n1"], clock=clock) as going_on:
        second = keep_run(state, [ok("n2")], clock=clock, resumed_from=first)
        prune_runs(1, tools_with(state), ListSink())
        assert run_ids(state) == [first, going_on.run_id, second]
        going_on.seal(tally())

    assert other not in run_ids(state)
    prune_runs(0, tools_with(state), ListSink())
    assert run_ids(state) == []


def test_a_negative_number_is_a_usage_error(state: StateDir) -> None:
    with pytest.raises(UsageError, match="--keep -1"):
        prune_runs(-1, tools_with(state), ListSink())
