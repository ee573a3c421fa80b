"""`--lock`, between real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import BusyError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.custody.lock import Lock, LockRequest, Manner, Skipped, parse_lock, take_lock
from tests.fanout.journal_fakes import TONIGHT, TestClock

ROOT = Path(__file__).parents[2]
_HOLD = """
import sys, time
from pathlib import Path
from aifctl.core.state_dir import StateDir
from aifctl.custody.lock import LockRequest, take_lock
from tests.fanout.journal_fakes import TestClock
lock = take_lock(StateDir(path=Path(sys.argv[1])), LockRequest(name="sweep"), deadline_s=60.0,
                 command="aifctl sweep @all", clock=TestClock())
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


@contextmanager
def another_process_holding(state: StateDir) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock `sweep` since TONIGHT with a deadline of 60 s."""
    command = [sys.executable, "-c", _HOLD, str(state.path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder


def take(state: StateDir, text: str, clock: TestClock | None = None) -> Lock | Skipped:
    clock = clock or TestClock()
    request = parse_lock(text)
    return take_lock(state, request, deadline_s=60.0, command="aifctl sweep", clock=clock, sleep=clock.nap)


def seconds_later(seconds_s: float) -> TestClock:
    return TestClock(at=TONIGHT + timedelta(seconds=seconds_s))


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("sweep", LockRequest(name="sweep")),
        ("Night_1.x-y:skip", LockRequest(name="Night_1.x-y", manner=Manner.SKIP)),
        ("a:wait=90", LockRequest(name="a", manner=Manner.WAIT, wait_s=90.0)),
        ("a:wait=1m30s", LockRequest(name="a", manner=Manner.WAIT, wait_s=90.0)),
    ],
)
def test_a_lock_is_parsed(text: str, request_: LockRequest) -> None:
    assert parse_lock(text) == request_


@pytest.mark.parametrize(
    "text", ["", ":skip", "../x", "a/b", ".hidden", "a b", "x" * 65, "a:", "a:later", "a:wait", "a:wait=x"]
)
def test_a_lock_that_does_not_parse_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_lock(text)


def test_a_lock_held_by_another_process_names_it_and_its_age(state: StateDir) -> None:
    with another_process_holding(state) as holder, pytest.raises(BusyError) as busy:
        take(state, "sweep", seconds_later(17))

    assert f"held by pid {holder.pid} on " in str(busy.value)
    assert "(aifctl sweep @all) since 2026-11-24T00:35:12Z, 17 s" in str(busy.value)


def test_skip_is_clean_while_the_holder_is_younger_than_its_own_deadline_and_busy_after_it(state: StateDir) -> None:
    with another_process_holding(state) as holder:
        young = take(state, "sweep:skip", seconds_later(59))
        assert isinstance(young, Skipped)
        assert f"pid {holder.pid}" in young.message
        with pytest.raises(BusyError, match="beyond its own deadline of 60 s, so it hangs"):
            take(state, "sweep:skip", seconds_later(60))


def test_waiting_ends_with_busy_when_its_time_is_over(state: StateDir) -> None:
    clock = TestClock()
    with another_process_holding(state), pytest.raises(BusyError, match="after 5 s of waiting"):
        take(state, "sweep:wait=5", clock)

    assert 5.0 <= sum(clock.slept) < 5.5


def test_waiting_ends_with_the_lock_when_the_holder_lets_go(state: StateDir) -> None:
    clock = TestClock()
    with another_process_holding(state) as holder:

        def nap(seconds_s: float) -> None:
            clock.nap(seconds_s)
            holder.kill()
            holder.wait()

        taken = take_lock(state, parse_lock("sweep:wait=5"), deadline_s=1.0, command="second", clock=clock, sleep=nap)

    assert isinstance(taken, Lock)
    assert len(clock.slept) == 1
    taken.close()


def test_kill_9_lets_go_of_the_lock_and_what_it_left_harms_nobody(state: StateDir) -> None:
    with another_process_holding(state) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    left = json.loads((state.path / "locks" / "sweep.lock").read_text())
    assert left["pid"] == holder.pid
    taken = take(state, "sweep:skip", seconds_later(9999))
    assert isinstance(taken, Lock)
    assert json.loads((state.path / "locks" / "sweep.lock").read_text())["pid"] == os.getpid()
    taken.close()


def test_a_holder_that_has_not_said_who_it_is_is_never_skipped_for(state: StateDir) -> None:
    with another_process_holding(state):
        (state.path / "locks" / "sweep.lock").write_text("")
        clock = TestClock()
        with pytest.raises(BusyError, match="by whom is not known"):
            take(state, "sweep:skip", clock)

    assert len(clock.slept) == 5


@pytest.mark.parametrize("said", ["{}", "[1]", "null", "\0\0", '{"pid": "x"}', '{"pid": 1, "since": 1e400}'])
def test_what_a_holder_says_may_be_anything(state: StateDir, said: str) -> None:
    with another_process_holding(state):
        (state.path / "locks" / "sweep.lock").write_text(said)
        with pytest.raises(BusyError, match="not known"):
            take(state, "sweep", TestClock())


def test_what_an_earlier_holder_left_is_not_taken_for_the_present_one(state: StateDir) -> None:
    with another_process_holding(state) as gone:
        stale = (state.path / "locks" / "sweep.lock").read_text()
        gone.kill()
        gone.wait()
    with another_process_holding(state):
        (state.path / "locks" / "sweep.lock").write_text(stale)
        with pytest.raises(BusyError, match="not known"):
            take(state, "sweep:skip", TestClock())


def test_a_lock_is_free_again_once_it_is_closed_and_says_nothing(state: StateDir) -> None:
    with take(state, "sweep") as first:  # type: ignore[union-attr]
        assert isinstance(first, Lock)
        with pytest.raises(BusyError):
            take(state, "sweep")
    path = state.path / "locks" / "sweep.lock"
    assert path.read_bytes() == b""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = take(state, "sweep")
    assert isinstance(second, Lock)
    second.close()
    second.close()


def test_different_names_do_not_meet(state: StateDir) -> None:
    with another_process_holding(state):
        taken = take(state, "other")
        assert isinstance(taken, Lock)
        taken.close()
