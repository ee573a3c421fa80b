"""Argv in, exit code out: whatever happens inside, a code comes back, and one sentence for the operator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.cli.invocation import Invocation
from aifctl.core.errors import AifctlError, BackendError, StoppedError
from aifctl.core.exit_codes import ExitCode
from aifctl.main import main


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the session's own signal handlers back."""
    heard = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before, hook = {number: signal.getsignal(number) for number in heard}, sys.unraisablehook
    sys.unraisablehook = sys.__unraisablehook__
    yield
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


def raising(monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> None:
    def run(_: Invocation) -> int:
        raise problem

    monkeypatch.setattr(Invocation, "run", run)


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (BackendError("Slurm does not answer"), 69),
        (StoppedError(ExitCode.SIGHUP), 129),
        (AifctlError("a bug"), 70),
        (ZeroDivisionError("deep inside"), 70),
        (BrokenPipeError(), 0),
        (SystemExit(1), 0),
    ],
)
def test_whatever_is_raised_becomes_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], problem: BaseException, code: int
) -> None:
    raising(monkeypatch, problem)
    assert main(["nodes", "-o", "json"]) == code
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    if code:
        assert json.loads(out)["exit"] == code
        assert err.startswith("aifctl: ")


def test_a_bug_is_kept_in_a_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ZeroDivisionError("deep inside"))
    assert main(["nodes"]) == 70
    err = capfd.readouterr().err
    (kept,) = [Path(word.strip(",")) for word in err.split() if word.startswith("/") and "bug" in word]
    assert "ZeroDivisionError: deep inside" in kept.read_text()
    kept.unlink()


def test_where_not_even_telling_works_it_is_still_no_finding(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Invocation, error: AifctlError) -> int:
        raise ImportError(f"half an upgrade, while telling of: {error}")

    raising(monkeypatch, BackendError("Slurm does not answer"))
    monkeypatch.setattr(Invocation, "fail", fail)
    assert main(["nodes"]) == 70
    assert "half an upgrade" in capfd.readouterr().err
    assert main(["status", "-o", "nagios"]) == 3, "which knows nothing above that"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_before_any_run_ends_in_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: signal.Signals, code: int
) -> None:
    def run(_: Invocation) -> int:
        os.kill(os.getpid(), number)
        raise AssertionError("the signal was not heard")

    monkeypatch.setattr(Invocation, "run", run)
    assert main(["nodes"]) == code
    assert number.name in capfd.readouterr().err


def test_a_signal_is_not_lost_in_a_destructor(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Dying:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1_000):  # here Python hears of it, and would print it and go on
                pass

    def run(_: Invocation) -> int:
        Dying()
        time.sleep(30)
        raise AssertionError("the signal was lost")

    monkeypatch.setattr(Invocation, "run", run)
    assert main(["nodes"]) == 143
    assert capfd.readouterr().err.count("SIGTERM") == 1


def test_other_errors_of_destructors_are_still_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Dying:
        def __del__(self) -> None:
            raise ZeroDivisionError("in a destructor")

    def run(_: Invocation) -> int:
        Dying()
        return 0

    monkeypatch.setattr(Invocation, "run", run)
    assert main(["nodes"]) == 0
    assert "in a destructor" in capfd.readouterr().err


def test_what_was_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: Invocation) -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    monkeypatch.setattr(Invocation, "run", run)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert main(["nodes"]) == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_background_job_under_nohup_does_not_hear_the_terminal_go(tmp_path: Path) -> None:
    script = "trap '' HUP; exec \"$0\" -m aifctl nodes --inventory /nonexistent"
    done = subprocess.run(
        ["sh", "-c", script, sys.executable], capture_output=True, check=False, env={"HOME": str(tmp_path)}
    )
    assert done.returncode == 6


def test_no_words_at_all_are_help_and_2(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "aifctl [OPTIONS] COMMAND" in capfd.readouterr().out


def test_the_version_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("aifctl ")
