"""runs stop, with real processes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError
from aifctl.core.process import ProcessIdentity
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_summary import list_runs
from aifctl.ops.runs import stop_run
from aifctl.ops.runs.stopping import LocalProcesses
from tests.fanout.journal_fakes import begin, keep_run, ok
from tests.ops.run_fakes import ListSink, tools_with

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


@contextmanager
def running(state: StateDir, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.ops.run_to_stop", str(state.path), *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        try:
            yield process
        finally:
            process.kill()


@dataclass
class Answer:
    """Processes that answer as told."""

    sent: bool | OSError = True
    ended: bool = True

    def stop(self, process: ProcessIdentity) -> bool:
        assert process.is_alive()
        if isinstance(self.sent, OSError):
            raise self.sent
        return self.sent

    def wait_end(self, process: ProcessIdentity, timeout_s: float) -> bool:
        assert process.is_alive()
        assert timeout_s > 0
        return self.ended


def test_stop_ends_the_process_and_shows_how_the_run_ended(state: StateDir) -> None:
    sink = ListSink()
    with running(state) as process:
        report = stop_run("latest", tools_with(state), sink)
        assert process.wait() == 0

    assert report.notes[0] == f"SIGTERM was sent to pid {process.pid}, and it has ended"
    assert "ended early (SIGTERM)" in report.notes[1]
    assert sink.items[0]["state"] == "stopped"
    assert report.summary["counts"] == {"cancelled": 1, "not-started": 1}
    assert report.complete


def test_a_run_that_takes_its_time_is_said_to_be_still_ending(state: StateDir) -> None:
    sink = ListSink()
    with running(state, "stubborn") as process:
        report = stop_run("latest", tools_with(state), sink, patience_s=0.0)
        assert process.poll() is None

    assert "it is still ending its remote commands after 0 s" in report.notes[0]
    assert sink.items[0]["state"] == "running"
    assert not report.complete


def test_a_run_that_has_ended_is_left_alone(state: StateDir) -> None:
    run_id = keep_run(state, [ok("n1")])

    report = stop_run("latest", tools_with(state), ListSink())

    assert report.notes == (f"run {run_id} was not running any more",)


def test_a_run_whose_process_was_killed_is_not_running(state: StateDir) -> None:
    with running(state) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        report = stop_run("latest", tools_with(state), ListSink())

    assert "was not running any more" in report.notes[0]
    assert "broke off" in report.notes[1]


def test_a_run_of_another_control_host_is_stopped_there(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(state) as process:
        here = socket.gethostname()
        monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
        with pytest.raises(RefusedError, match=f"belongs to pid {process.pid} on {here}: stop it there"):
            stop_run("latest", tools_with(state), ListSink())
        assert process.poll() is None


def test_somebody_elses_run_names_them(state: StateDir) -> None:
    with begin(state, ["n1"], head={"who": "bob"}), pytest.raises(RefusedError, match="belongs to bob"):
        stop_run("latest", tools_with(state), ListSink(), processes=Answer(sent=PermissionError(1, "no")))


def test_a_process_that_only_has_the_same_pid_gets_no_signal(state: StateDir) -> None:
    with running(state) as process:
        summary = list_runs(state)[0]
        assert summary.writer is not None
        earlier = replace(summary.writer, start_ticks=summary.writer.start_ticks - 1)

        assert not LocalProcesses().stop(earlier)
        assert LocalProcesses().wait_end(earlier, 60.0)
        assert process.poll() is None
        assert LocalProcesses().stop(summary.writer)
        assert process.wait() == 0
        assert not LocalProcesses().stop(summary.writer)


def test_a_writer_that_is_not_the_pid_it_names_is_left_to_a_person(state: StateDir) -> None:
    with begin(state, ["n1"]), pytest.raises(RefusedError, match="another container or pid namespace"):
        stop_run("latest", tools_with(state), ListSink(), processes=Answer(sent=False))
