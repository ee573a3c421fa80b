"""What cron asked for, around a verb: whatever way it ends is written down, and only a look at all is a success."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import AifctlError, BusyError, SetupError, StoppedError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Coverage, Report
from aifctl.core.secret import Secret
from aifctl.custody.lock import Lock, parse_lock, take_lock
from aifctl.dispatch import timetable
from aifctl.dispatch.asked import Chosen, Fan, Pace, Timetable
from aifctl.dispatch.timetable import on_time
from tests.fakes.toolbox import FakeToolbox, toolbox


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


@pytest.fixture
def prom(tmp_path: Path) -> Path:
    return tmp_path / "a.prom"


def fan(deadline_s: float | None = 60.0, **table: object) -> Fan:
    return Fan(
        chosen=Chosen(selector="@all"),
        pace=Pace(deadline_s=deadline_s),
        timetable=Timetable(**table),  # type: ignore[arg-type]
    )


def held(tools: FakeToolbox, name: str = "job", deadline_s: float = 60.0) -> Lock:
    lock = take_lock(tools.state, parse_lock(name), deadline_s=deadline_s, command="other", clock=tools.clock)
    assert isinstance(lock, Lock)
    return lock


def never() -> Report:
    raise AssertionError("it must not be called")


def row(prom: Path, name: str) -> float | None:
    lines = [line for line in prom.read_text().splitlines() if line.startswith(f"aifctl_{name}{{")]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else None


def test_without_a_timetable_the_verb_is_called_and_nothing_is_written(tools: FakeToolbox) -> None:
    assert on_time("run", fan(), tools, Report) == Report()
    assert not tools.state.path.exists()


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_written_down_and_two_of_them_are_a_success(
    tools: FakeToolbox, prom: Path, code: ExitCode
) -> None:
    report = Report(exit=code, coverage=Coverage(asked=4, answered=3), summary={"counts": {"ok": 3}})
    assert on_time("run", fan(textfile=str(prom)), tools, lambda: report) == report
    assert row(prom, "exit_code") == code
    assert row(prom, "coverage_ratio") == 0.75
    assert (row(prom, "last_success_timestamp_seconds") is not None) is (code in {ExitCode.OK, ExitCode.FINDINGS})


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (UsageError("x"), ExitCode.USAGE),
        (StoppedError(ExitCode.SIGTERM), ExitCode.SIGTERM),
        (ZeroDivisionError("a bug"), ExitCode.BUG),
        (KeyboardInterrupt(), ExitCode.BUG),
    ],
)
def test_whatever_is_raised_is_written_down_and_raised(
    tools: FakeToolbox, prom: Path, problem: BaseException, code: ExitCode
) -> None:
    def fail() -> Report:
        raise problem

    with pytest.raises(type(problem)):
        on_time("run", fan(textfile=str(prom), lock="job"), tools, fail)
    assert row(prom, "exit_code") == code
    held(tools).close()  # it was let go of


@pytest.mark.parametrize(
    ("table", "deadline_s", "error"),
    [
        ({"lock": "job"}, None, UsageError),
        ({"lock": "a b"}, 60.0, UsageError),
        ({"heartbeat": "https://hc.example/x"}, None, UsageError),
        ({"heartbeat": "file:/nonexistent"}, None, SetupError),
    ],
)
def test_what_is_wrong_with_the_timetable_itself_is_written_down(
    tools: FakeToolbox, prom: Path, table: dict[str, str], deadline_s: float | None, error: type[AifctlError]
) -> None:
    with pytest.raises(error):
        on_time("run", fan(deadline_s, textfile=str(prom), **table), tools, never)
    assert row(prom, "exit_code") == error.exit_code


@pytest.mark.parametrize(("path", "error"), [("a.txt", UsageError), ("/nonexistent/a.prom", SetupError)])
def test_a_text_file_that_cannot_be_is_told_before_anything_is_done(
    tools: FakeToolbox, path: str, error: type[AifctlError]
) -> None:
    with pytest.raises(error, match="--textfile"):
        on_time("run", fan(textfile=path), tools, never)


def test_a_lock_that_is_held_is_busy_and_written_down(tools: FakeToolbox, prom: Path) -> None:
    with held(tools), pytest.raises(BusyError, match="other"):
        on_time("run", fan(textfile=str(prom), lock="job"), tools, never)
    assert row(prom, "exit_code") == 75
    assert row(prom, "last_success_timestamp_seconds") is None


def test_a_skip_is_0_an_attempt_and_no_success(tools: FakeToolbox, prom: Path) -> None:
    with held(tools):
        report = on_time("run", fan(textfile=str(prom), lock="job:skip"), tools, never)
    assert (report.exit, report.complete) == (ExitCode.OK, False)
    assert "skipped" in report.notes[0]
    assert row(prom, "exit_code") == 0
    assert row(prom, "last_success_timestamp_seconds") is None


def test_a_holder_beyond_its_own_deadline_is_not_skipped_for(tools: FakeToolbox) -> None:
    with held(tools, deadline_s=0.0), pytest.raises(BusyError, match="hangs"):
        on_time("run", fan(lock="job:skip"), tools, never)


def test_the_lock_is_held_while_the_verb_runs_and_no_longer(tools: FakeToolbox) -> None:
    def body() -> Report:
        with pytest.raises(BusyError):
            held(tools)
        return Report()

    on_time("run", fan(lock="job"), tools, body)
    held(tools).close()


def test_jitter_is_waited_out_before_the_lock_and_the_same_each_time(
    tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds_s: float) -> None:
        held(tools).close()  # nobody holds it yet
        slept.append(seconds_s)

    monkeypatch.setattr(timetable, "time", type("Time", (), {"sleep": staticmethod(sleep)}))
    for name in ("job", "job", "other"):
        on_time("run", fan(lock=name, jitter_s=300.0), tools, Report)
    assert slept[0] == slept[1] != slept[2]
    assert all(0 <= one < 300 for one in slept)


@pytest.mark.parametrize(
    ("code", "sent"), [(ExitCode.OK, 1), (ExitCode.FINDINGS, 1), (ExitCode.COVERAGE, 0), (ExitCode.SIGINT, 0)]
)
def test_a_heartbeat_is_sent_only_where_all_were_looked_at(
    tools: FakeToolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: ExitCode, sent: int
) -> None:
    url = tmp_path / "url"
    url.write_text("https://hc.example/secret\n")
    url.chmod(0o600)
    told = []

    def send(secret: Secret) -> str:
        told.append(secret.reveal())
        return "not sent"

    monkeypatch.setattr(timetable, "send_heartbeat", send)
    report = on_time("run", fan(heartbeat=f"file:{url}"), tools, lambda: Report(exit=code, notes=("done",)))
    assert told == [b"https://hc.example/secret"] * sent
    assert report.notes == ("done", *["not sent"] * sent)
    assert report.exit is code


def test_the_file_tells_jobs_apart_by_their_locks(tools: FakeToolbox, prom: Path) -> None:
    on_time("run", fan(textfile=str(prom), lock="nightly"), tools, Report)
    assert 'name="nightly"' in prom.read_text()
    on_time("run", fan(textfile=str(prom)), tools, Report)
    assert 'name="run"' in prom.read_text()
