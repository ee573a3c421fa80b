"""Reading runs: states, outcomes, lists, selections, comparison, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout import journal_format
from aifctl.fanout.run_nodes import compare_runs, outcomes_for_selector, outcomes_named
from aifctl.fanout.run_summary import RunState, list_runs
from aifctl.fanout.runs import read_run
from tests.fanout.journal_fakes import TestClock, begin, failed, keep_run, names, ok, tally


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


def test_a_run_reads_back_with_every_node_in_order_of_dispatch(state: StateDir) -> None:
    run_id = keep_run(
        state,
        [ok("n2", b"two"), failed("n1", Outcome.CONNECT_TIMEOUT)],
        lost=["n3"],
        never=["n4"],
        skipped=[("n5", "drained")],
        stopped=ExitCode.SIGINT,
    )

    record = read_run(state, run_id)

    assert list(record.outcomes.items()) == [
        ("n2", "ok"),
        ("n1", "connect-timeout"),
        ("n3", "lost"),
        ("n4", "not-started"),
        ("n5", "skipped"),
    ]
    assert record.state is RunState.STOPPED
    assert record.summary.stopped is ExitCode.SIGINT
    assert record.head["work"] == {"verb": "run", "line": "uptime"}
    assert record.result("n4") is None
    lost, skipped = record.result("n3"), record.result("n5")
    assert lost is not None
    assert lost.outcome is Outcome.LOST
    assert lost.started_at > 0
    assert "what it did is unknown" in lost.message
    assert skipped is not None
    assert (skipped.outcome, skipped.message) == (Outcome.SKIPPED, "drained")


def test_a_run_that_goes_on_has_nodes_in_flight_and_none_that_are_lost(state: StateDir) -> None:
    with begin(state, ["n1", "n2"]) as journal:
        journal.start("n1")
        record = read_run(state, "latest")
        assert record.state is RunState.RUNNING
        assert dict(record.outcomes) == {"n1": "running", "n2": "not-started"}
        assert record.result("n1") is None
        assert outcomes_for_selector(record) == {"n2": None}


def test_lists_show_the_newest_first_with_what_head_and_seal_say(state: StateDir) -> None:
    clock = TestClock(step_s=0.5)
    first = keep_run(state, [ok("n1"), failed("n2", Outcome.AUTH)], clock=clock)
    second = keep_run(state, [ok("n1")], lost=["n2"], crashed=True, clock=clock, resumed_from=first)
    with begin(state, ["n1"], clock=clock) as third:
        runs = list_runs(state)
        third.seal(tally())

    assert [run.run_id for run in runs] == [third.run_id, second, first]
    assert [run.state for run in runs] == [RunState.RUNNING, RunState.CRASHED, RunState.DONE]
    assert [run.counts for run in runs] == [None, None, {"ok": 1, "auth": 1}]
    assert [run.resumed_from for run in runs] == [None, first, None]
    assert [run.nodes_count for run in runs] == [1, 2, 2]
    assert runs[2].ended_at > runs[2].started_at
    assert [run.run_id for run in list_runs(state, limit=1)] == [third.run_id]


def test_a_list_reads_two_records_of_each_run_however_long_its_journal_is(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_run(state, [ok(name, name.encode() * 99) for name in names(2000)])
    read: list[int] = []
    parse = journal_format.parse_journal

    def counted(data: bytes) -> journal_format.Parsed:
        read.append(len(data))
        return parse(data)

    monkeypatch.setattr("aifctl.fanout.run_summary.parse_journal", counted)

    assert list_runs(state)[0].counts == {"ok": 2000}
    assert len(read) == 2
    assert max(read) <= journal_format.RECORD_BYTES


def test_reading_a_large_journal_parses_json_once_and_opens_no_output(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_run(state, [ok(name, name.encode() * 700) for name in names(1000)])
    calls: list[int] = []
    loads = json.loads

    def counted(data: bytes) -> object:
        calls.append(len(data))
        return loads(data)

    monkeypatch.setattr("aifctl.fanout.journal_format.json.loads", counted)
    home = next((state.path / "runs").glob("*/output"))
    away = home.rename(home.with_name("away"))

    record = read_run(state, "latest")

    away.rename(home)
    assert len(record.outcomes) == 1000
    # The journal, and the list of names that did not fit into its head.
    assert len(calls) == 2
    result = record.result("r000n07")
    assert result is not None
    assert result.stdout.path is not None
    assert Path(result.stdout.path).read_bytes() == b"r000n07" * 700


def test_reading_loads_no_event_loop_and_no_library() -> None:
    program = (
        "import sys, aifctl.fanout.runs, aifctl.fanout.run_chain, aifctl.fanout.run_nodes;"
        "print(sorted({'asyncio', 'asyncssh', 'yaml', 'concurrent.futures', 'ssl', 'rich', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("ok", ["n1"]),
        ("failed", ["n2", "n3", "n4", "n5"]),
        ("unreachable", ["n2", "n3"]),
        ("throttled", ["n3"]),
        ("lost", ["n5"]),
        ("not-started", ["n6"]),
        ("skipped", ["n7"]),
        ("dns", []),
    ],
)
def test_nodes_are_selected_by_what_became_of_them(state: StateDir, part: str, expected: list[str]) -> None:
    results = [
        ok("n1"),
        failed("n2", Outcome.NO_ROUTE),
        failed("n3", Outcome.THROTTLED),
        failed("n4", Outcome.AUTH),
    ]
    keep_run(state, results, lost=["n5"], never=["n6"], skipped=[("n7", "off")], crashed=True)

    outcomes = read_run(state, "latest").outcomes
    assert [node for node, outcome in outcomes.items() if outcome in outcomes_named((part,))] == expected


def test_an_unknown_outcome_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no outcome 'throtled'; did you mean throttled\\?"):
        outcomes_named(["throtled"])


def test_two_runs_are_compared_by_outcome_exit_status_and_output(state: StateDir) -> None:
    exit_3 = failed("n3", Outcome.EXIT)
    before = keep_run(
        state,
        [ok("n1", b"5.15"), ok("n2", b"same"), exit_3, ok("n4", b"x" * 9000), failed("n5", Outcome.DNS)],
        clock=TestClock(step_s=1),
        never=["n7"],
    )
    after = keep_run(
        state,
        [ok("n1", b"6.8"), ok("n2", b"same"), ok("n3"), ok("n4", b"y" * 9000), ok("n6")],
        clock=TestClock(step_s=1.5),
        never=["n7"],
    )

    changes = compare_runs(read_run(state, before), read_run(state, after))

    assert [(change.node, change.kind, change.before, change.after) for change in changes] == [
        ("n1", "output", "ok", "ok"),
        ("n3", "outcome", "exit", "ok"),
        ("n4", "output", "ok", "ok"),
        ("n6", "new", None, "ok"),
        ("n5", "gone", "dns", None),
    ]
