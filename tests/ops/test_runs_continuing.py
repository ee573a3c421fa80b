"""runs resume and retry: whom they do, whom they name, when they refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, RefusedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.core.state_dir import StateDir
from aifctl.fanout.runs import RunRecord
from aifctl.ops.runs import plan_resume, plan_retry, resume_run, retry_run
from tests.fanout.journal_fakes import TestClock, begin, failed, keep_run, ok


@dataclass
class Dispatched:
    """Stands in for the fan-out: remembers what it was asked to do."""

    runs: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __call__(self, record: RunRecord, names: tuple[str, ...]) -> Report:
        self.runs.append((record.run_id, names))
        return Report(notes=("done",))


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(step_s=0.01)


def test_resume_does_the_rest_once_and_names_who_is_held_back(state: StateDir, clock: TestClock) -> None:
    results = [ok("n1"), failed("n2", Outcome.THROTTLED), failed("n5", Outcome.TIMEOUT), failed("n6", Outcome.EXIT)]
    run_id = keep_run(state, results, lost=["n3"], never=["n4"], crashed=True, clock=clock)
    dispatch = Dispatched()

    report = resume_run("latest", state, dispatch)

    assert dispatch.runs == [(run_id, ("n2", "n4"))]
    assert report.notes == (
        f"1 timeout (n5): not repeated by themselves; `aifctl runs resume {run_id} --again timeout` repeats them",
        f"1 lost (n3): started, and what they did is unknown; `aifctl runs resume {run_id} --again lost` repeats them",
        "done",
    )


def test_resume_again_lost_repeats_the_lost_ones_too(state: StateDir, clock: TestClock) -> None:
    keep_run(state, [ok("n1")], lost=["n3"], never=["n4"], crashed=True, clock=clock)
    dispatch = Dispatched()

    resume_run("latest", state, dispatch, again="lost")

    assert [names for _, names in dispatch.runs] == [("n3", "n4")]


def test_resume_of_a_finished_run_does_nothing(state: StateDir) -> None:
    run_id = keep_run(state, [ok("n1"), failed("n2", Outcome.EXIT)])
    dispatch = Dispatched()

    report = resume_run("latest", state, dispatch)

    assert dispatch.runs == []
    assert (report.exit, report.notes) == (ExitCode.OK, (f"nothing of run {run_id} is left to do",))


def test_resume_where_only_lost_nodes_are_left_is_not_covered(state: StateDir) -> None:
    keep_run(state, [ok("n1")], lost=["n2"], crashed=True)
    dispatch = Dispatched()

    report = resume_run("latest", state, dispatch)

    assert dispatch.runs == []
    assert report.exit is ExitCode.COVERAGE
    assert "--again lost" in report.notes[1]


def test_resuming_what_goes_on_is_busy_for_the_run_itself_and_for_what_it_continues(
    state: StateDir, clock: TestClock
) -> None:
    first = keep_run(state, [ok("n1")], never=["n2"], crashed=True, clock=clock)
    with begin(state, ["n2"], clock=clock, head={"work": {}, "resumed_from": first}) as second:
        with pytest.raises(
            BusyError, match=f"run {first} is continued by run {second.run_id}, which is still going on"
        ):
            resume_run(first, state, Dispatched())
        with pytest.raises(BusyError, match=f"run {second.run_id} is still going on .*runs stop {second.run_id}"):
            resume_run(second.run_id, state, Dispatched())


def test_a_run_that_does_not_say_what_it_did_is_refused(state: StateDir) -> None:
    with begin(state, ["n1"], head={}) as journal:
        journal.start("n1")

    with pytest.raises(RefusedError, match="does not say what its run did"):
        plan_resume(state, "latest")


def test_nodes_of_a_damaged_journal_are_held_back_as_lost(state: StateDir) -> None:
    run_id = keep_run(state, [ok("n1"), ok("n2")], never=["n3"], crashed=True)
    path = state.path / "runs" / run_id / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"node":"n1"', b'"node":"n9"'))

    rest = plan_resume(state, "latest")

    assert rest.names == ()
    assert rest.held == {Outcome.LOST: ("n1", "n3")}


def test_retry_takes_the_outcomes_it_is_told(state: StateDir) -> None:
    results = [
        ok("n1"),
        failed("n2", Outcome.THROTTLED),
        failed("n3", Outcome.CONNECT_TIMEOUT),
        failed("n4", Outcome.EXIT),
    ]
    run_id = keep_run(state, results, never=["n5"], stopped=ExitCode.SIGINT)
    dispatch = Dispatched()

    report = retry_run(run_id, state, dispatch, outcomes="throttled, connect-timeout")

    assert dispatch.runs == [(run_id, ("n2", "n3"))]
    assert report.notes == ("done",)


@pytest.mark.parametrize(
    ("outcomes", "names"),
    [
        (None, ("n2", "n3", "n4")),
        ("failed", ("n2", "n3", "n4")),
        ("unreachable", ("n2", "n3")),
        ("exit", ("n4",)),
        ("ok", ("n1",)),
        ("not-started", ("n5",)),
    ],
)
def test_retry_knows_words_for_several_outcomes(state: StateDir, outcomes: str | None, names: tuple[str, ...]) -> None:
    results = [
        ok("n1"),
        failed("n2", Outcome.THROTTLED),
        failed("n3", Outcome.DNS),
        failed("n4", Outcome.EXIT),
    ]
    keep_run(state, results, never=["n5"], stopped=ExitCode.SIGINT)

    assert plan_retry(state, "latest", outcomes).names == names


def test_retry_of_nobody_says_where_the_nodes_stand(state: StateDir) -> None:
    run_id = keep_run(state, [ok("n1"), failed("n2", Outcome.EXIT)])

    with pytest.raises(UsageError, match=f"no node of run {run_id} is throttled; its nodes are exit, ok"):
        plan_retry(state, "latest", "throttled")
    with pytest.raises(UsageError, match="there is no outcome 'trottled'; did you mean throttled"):
        plan_retry(state, "latest", "trottled")
