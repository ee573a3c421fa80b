"""Resuming and retrying: each node once, over however many links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_chain import RunChain, parse_again, read_chain
from aifctl.fanout.runs import read_run
from aifctl.ports.work import NodeResult
from tests.fanout.journal_fakes import TONIGHT, TestClock, begin, failed, keep_run, ok, tally


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(step_s=0.01)


def chain_of(state: StateDir, run_id: str) -> RunChain:
    return read_chain(state, read_run(state, run_id))


def cancelled(node: str, *, sent: bool) -> NodeResult:
    return NodeResult(node=node, outcome=Outcome.CANCELLED, started_at=TONIGHT.timestamp() if sent else 0.0)


def test_the_rest_is_what_nothing_has_happened_on(state: StateDir, clock: TestClock) -> None:
    results = [
        ok("ok"),
        failed("timeout-connect", Outcome.CONNECT_TIMEOUT),
        failed("throttled", Outcome.THROTTLED),
        cancelled("cancelled-dial", sent=False),
        cancelled("cancelled-midway", sent=True),
    ]
    run_id = keep_run(state, results, lost=["lost"], never=["never"], crashed=True, clock=clock)

    chain = chain_of(state, run_id)

    assert chain.resume_targets() == ("timeout-connect", "throttled", "cancelled-dial", "never")
    assert chain.held_back() == {Outcome.CANCELLED: ("cancelled-midway",), Outcome.LOST: ("lost",)}


def test_lost_nodes_are_repeated_only_when_asked_for(state: StateDir, clock: TestClock) -> None:
    run_id = keep_run(state, [ok("n1")], lost=["n2"], never=["n3"], crashed=True, clock=clock)
    chain = chain_of(state, run_id)

    assert chain.resume_targets() == ("n3",)
    assert chain.resume_targets([Outcome.LOST]) == ("n2", "n3")
    assert chain.held_back([Outcome.LOST]) == {}


def test_a_node_done_in_any_link_is_done_whichever_link_is_named(state: StateDir, clock: TestClock) -> None:
    first = keep_run(state, [ok("n1")], never=["n2", "n3", "n4"], crashed=True, clock=clock)
    second = keep_run(state, [ok("n2")], never=["n3", "n4"], crashed=True, clock=clock, resumed_from=first)
    third = keep_run(state, [ok("n3")], never=["n4"], crashed=True, clock=clock, resumed_from=second)
    keep_run(state, [ok("n4")], clock=clock)

    for run_id in (first, second, third):
        chain = chain_of(state, run_id)
        assert [run.run_id for run in chain.runs] == [first, second, third]
        assert chain.resume_targets() == ("n4",)


def test_two_continuations_of_one_run_both_count(state: StateDir, clock: TestClock) -> None:
    first = keep_run(state, [], never=["n1", "n2", "n3"], crashed=True, clock=clock)
    keep_run(state, [ok("n1")], clock=clock, resumed_from=first)
    keep_run(state, [ok("n2")], clock=clock, resumed_from=first)

    assert chain_of(state, first).resume_targets() == ("n3",)


def test_a_node_that_was_lost_stays_lost_when_it_can_not_be_reached_the_next_time(
    state: StateDir, clock: TestClock
) -> None:
    first = keep_run(state, [], lost=["n1"], crashed=True, clock=clock)
    keep_run(state, [failed("n1", Outcome.CONNECT_TIMEOUT)], clock=clock, resumed_from=first)

    chain = chain_of(state, first)

    assert chain.resume_targets() == ()
    assert chain.held_back() == {Outcome.LOST: ("n1",)}


def test_a_lost_node_that_was_repeated_and_answered_is_done(state: StateDir, clock: TestClock) -> None:
    first = keep_run(state, [], lost=["n1"], crashed=True, clock=clock)
    keep_run(state, [ok("n1")], clock=clock, resumed_from=first)

    chain = chain_of(state, first)

    assert chain.resume_targets([Outcome.LOST]) == ()
    assert chain.held_back() == {}


def test_a_node_that_was_started_is_never_taken_for_untouched_whatever_its_outcome_says(
    state: StateDir, clock: TestClock
) -> None:
    denied = NodeResult(node="n1", outcome=Outcome.AUTH, started_at=TONIGHT.timestamp(), message="sudo said no")
    run_id = keep_run(state, [denied], clock=clock)

    assert chain_of(state, run_id).resume_targets() == ()


def test_a_start_whose_command_was_never_sent_is_done_by_resume(state: StateDir, clock: TestClock) -> None:
    with begin(state, ["n1"], clock=clock) as journal:
        journal.start("n1")
        journal.end(cancelled("n1", sent=False))
        journal.seal(tally(ExitCode.SIGINT, cancelled=1))

    assert chain_of(state, journal.run_id).resume_targets() == ("n1",)


def test_retry_takes_the_nodes_by_where_they_stand_after_the_whole_chain(state: StateDir, clock: TestClock) -> None:
    first = keep_run(state, [failed("n1", Outcome.THROTTLED), failed("n2", Outcome.THROTTLED), ok("n3")], clock=clock)
    keep_run(state, [ok("n1")], clock=clock, resumed_from=first)

    assert chain_of(state, first).retry_targets({"throttled"}) == ("n2",)
    assert chain_of(state, first).retry_targets({"ok"}) == ("n1", "n3")


def test_a_chain_whose_beginning_was_removed_goes_on_from_what_is_left(state: StateDir, clock: TestClock) -> None:
    run_id = keep_run(state, [ok("n1")], never=["n2"], crashed=True, clock=clock, resumed_from="20250101-000000-gone")

    assert chain_of(state, run_id).resume_targets() == ("n2",)


def test_a_run_that_claims_to_continue_itself_ends_the_walk(state: StateDir, clock: TestClock) -> None:
    run_id = keep_run(state, [ok("n1")], clock=clock, resumed_from="20261124-003512-9nxx")
    path = state.path / "runs" / run_id
    path.rename(path.with_name("20261124-003512-9nxx"))

    chain = chain_of(state, "20261124-003512-9nxx")

    assert len(chain.runs) == 1


def test_again_takes_what_may_have_happened_and_nothing_else() -> None:
    assert parse_again("lost, cancelled") == (Outcome.LOST, Outcome.CANCELLED)
    assert parse_again(None) == ()
    open_ended = {"lost", "cancelled", "timeout", "unreadable", "unknown"}
    for answered in {outcome.value for outcome in Outcome} - open_ended:
        with pytest.raises(UsageError, match=f"--again does not take {answered}: it takes lost"):
            parse_again(answered)


def test_a_node_that_another_run_held_when_it_was_asked_is_still_to_be_done(state: StateDir, clock: TestClock) -> None:
    held = replace(ok("n1"), outcome=Outcome.SKIPPED, message="held by eve")
    run_id = keep_run(state, [held, ok("n2")], clock=clock)

    assert chain_of(state, run_id).resume_targets() == ("n1",)
