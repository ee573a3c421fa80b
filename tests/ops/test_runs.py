"""runs list, show, diff."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Coverage
from aifctl.core.state_dir import StateDir
from aifctl.ops.runs import DiffAsked, ShowAsked, diff_runs, list_runs, show_run
from tests.custody.custody_fakes import racks
from tests.fanout.journal_fakes import TestClock, begin, failed, keep_run, ok, output, tally
from tests.ops.run_fakes import ListSink, tools_with

TYPED = {"argv": ["run", "@rack:r01", "--", "uname -r"], "selector": "@rack:r01", "who": "alice"}


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(step_s=0.25)


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


def test_the_list_shows_the_newest_first_with_what_was_typed_and_how_it_ended(
    state: StateDir, clock: TestClock, sink: ListSink
) -> None:
    old = keep_run(state, [ok("n1"), failed("n2", Outcome.AUTH)], never=["n3"], clock=clock, head=TYPED)
    with begin(state, ["n1"], clock=clock) as new:
        report = list_runs(None, tools_with(state), sink)
        new.seal(tally())

    assert [item["run"] for item in sink.items] == [new.run_id, old]
    running, done = sink.items
    assert running["state"] == "running"
    assert running["pid"] is not None
    assert running["ok_count"] is None
    wanted = {
        "state": "done",
        "verb": "run",
        "command": "run @rack:r01 -- 'uname -r'",
        "selector": "@rack:r01",
        "who": "alice",
        "nodes_count": 3,
        "ok_count": 1,
        "not_ok_count": 2,
        "counts": {"ok": 1, "auth": 1},
        "pid": None,
    }
    assert {key: done[key] for key in wanted} == wanted
    assert done["duration_s"] > 0
    assert report.summary == {"runs_count": 2, "shown_count": 2}
    assert {column.key for column in sink.heads[0].kind.columns} <= set(done)


def test_older_runs_and_unreadable_ones_are_said(state: StateDir, clock: TestClock, sink: ListSink) -> None:
    first = keep_run(state, [ok("n1")], clock=clock)
    second = keep_run(state, [ok("n1")], clock=clock)
    (state.path / "runs" / second / "journal.jsonl").write_text("nonsense\n")

    report = list_runs(1, tools_with(state), sink)

    assert sink.items == [{"run": second, "state": "unreadable"}]
    assert report.notes == (
        "1 older runs are not shown; --limit 2 shows all",
        f"1 journals can't be read: {second}",
    )
    assert not report.complete
    assert first not in str(sink.items)


def test_nothing_run_yet_is_no_error(state: StateDir, sink: ListSink) -> None:
    report = list_runs(20, tools_with(state), sink)

    assert (report.exit, report.notes) == (ExitCode.OK, ("nothing has been run yet",))
    assert sink.heads


def test_show_gives_every_node_its_row_with_its_output(state: StateDir, sink: ListSink) -> None:
    results = [ok("n1", b"6.8.0\n", b"warning\n"), failed("n2", Outcome.HOST_KEY)]
    run_id = keep_run(state, results, lost=["n3"], never=["n4"], skipped=[("n5", "drained")], crashed=True, head=TYPED)

    report = show_run(ShowAsked(run="latest"), tools_with(state), sink)

    assert sink.heads[0].kind.name == "Run"
    assert sink.heads[0].facts["command"] == "run @rack:r01 -- 'uname -r'"
    assert [(item["node"], item["outcome"]) for item in sink.items] == [
        ("n1", "ok"),
        ("n2", "host-key"),
        ("n3", "lost"),
        ("n4", "cancelled"),
        ("n5", "skipped"),
    ]
    assert (sink.items[0]["stdout"], sink.items[0]["stderr"]) == (output(b"6.8.0\n"), output(b"warning\n"))
    assert sink.items[3]["message"] == "never started: the run ended before its turn came"
    assert sink.items[4]["message"] == "drained"
    assert report.exit is ExitCode.OK
    assert report.coverage == Coverage(asked=4, answered=1, skipped=1)
    assert report.notes == (
        (
            f"run {run_id} broke off, its process is gone: 1 nodes were started and have no end (n3), 1 were never started; "
            f"`aifctl runs resume {run_id}` does the rest"
        ),
    )
    assert not report.complete


def test_show_of_a_run_that_goes_on_says_how_many_are_still_to_come(state: StateDir, sink: ListSink) -> None:
    with begin(state, ["n1", "n2", "n3"]) as journal:
        journal.start("n1")
        journal.end(ok("n1"))
        journal.start("n2")
        report = show_run(ShowAsked(run="-1"), tools_with(state), sink)

    assert [item["node"] for item in sink.items] == ["n1"]
    assert report.notes == (f"run {journal.run_id} is still running: 1 nodes are in flight, 1 wait for their turn",)


def test_show_of_a_run_that_ended_early_says_why(state: StateDir, sink: ListSink) -> None:
    with begin(state, ["n1", "n2"]) as journal:
        journal.start("n1")
        journal.end(ok("n1"))
        journal.stop("deadline of 30 s")
        journal.seal(tally(ExitCode.DEADLINE, ok=1))

    report = show_run(ShowAsked(run="latest"), tools_with(state), sink)

    assert report.notes == (
        f"run {journal.run_id} ended early (deadline of 30 s); `aifctl runs resume {journal.run_id}` does the rest",
    )


def test_show_takes_a_selector(state: StateDir, sink: ListSink) -> None:
    keep_run(state, [ok("r01n1"), ok("r01n2"), ok("r02n1")])
    tools = tools_with(state, racks(3))

    show_run(ShowAsked(run="latest", selector="@rack:r01"), tools, sink)

    assert [item["node"] for item in sink.items] == ["r01n1", "r01n2"]
    with pytest.raises(UsageError, match="was not for any node of '@rack:r03'"):
        show_run(ShowAsked(run="latest", selector="@rack:r03"), tools, ListSink())


def test_show_tells_damage(state: StateDir, sink: ListSink) -> None:
    run_id = keep_run(state, [ok("n1"), ok("n2")])
    path = state.path / "runs" / run_id / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"rc":0', b'"rc":1', 1))

    report = show_run(ShowAsked(run="latest"), tools_with(state), sink)

    assert "is damaged" in report.notes[0]
    assert not report.complete


def test_diff_shows_what_changed_and_how(state: StateDir, clock: TestClock, sink: ListSink) -> None:
    keep_run(state, [ok("n1", b"a\nb\nc\n"), ok("n2", b"same"), ok("n3", b"x" * 40_000)], clock=clock)
    keep_run(state, [ok("n1", b"a\n\x1b[31mB\nc\n"), ok("n2", b"same"), ok("n3", b"y" * 40_000)], clock=clock)

    report = diff_runs(DiffAsked(run="-2", other="-1"), tools_with(state), sink)

    assert [(item["node"], item["change"]) for item in sink.items] == [("n1", "output"), ("n3", "output")]
    assert sink.items[0]["diff"].splitlines()[2:] == ["@@ -1,3 +1,3 @@", " a", "-b", "+\\x1b[31mB", " c"]
    assert sink.items[0]["difference"] == "-b  +\\x1b[31mB"
    assert sink.items[1]["difference"] == sink.items[1]["diff"] == "stdout: 40000 bytes before, 40000 after"
    assert report.summary == {"same_count": 1, "changed_count": {"output": 2}}
    assert report.exit is ExitCode.OK


def test_diff_of_one_run_finds_the_last_one_before_that_did_the_same(
    state: StateDir, clock: TestClock, sink: ListSink
) -> None:
    keep_run(state, [ok("n1", b"1")], clock=clock)
    same = keep_run(state, [ok("n1", b"2")], clock=clock)
    keep_run(state, [ok("n1", b"3")], clock=clock, head={"work": {"verb": "run", "line": "other"}})
    last = keep_run(state, [ok("n1", b"4")], clock=clock)

    diff_runs(DiffAsked(run="latest"), tools_with(state), sink)

    assert sink.heads[0].facts == {"earlier": same, "later": last}


def test_diff_without_a_run_like_it_says_so(state: StateDir, sink: ListSink) -> None:
    keep_run(state, [ok("n1")])

    with pytest.raises(UsageError, match=r"no run before .* did the same; name two runs"):
        diff_runs(DiffAsked(run="latest"), tools_with(state), sink)


def test_looking_at_runs_loads_nothing_heavy() -> None:
    heavy = (
        "{'asyncio', 'asyncssh', 'yaml', 'concurrent.futures', 'ssl', 'rich', 'typer', 'sqlalchemy', 'ClusterShell'}"
    )
    program = f"import sys, aifctl.ops.runs; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
