"""doctor on what earlier commands have left: runs, locks, the audit chain."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.state_dir import StateDir
from aifctl.custody import audit
from aifctl.custody.lock import LockRequest, take_lock
from tests.fanout.journal_fakes import TestClock, begin
from tests.ops.doctor_fakes import ControlHost, healthy, see
from tests.sshd import needs_sshd

pytestmark = needs_sshd  # for ssh-keygen, which comes with it


@pytest.fixture
def host(tmp_path: Path) -> ControlHost:
    return healthy(tmp_path / "host")


def test_a_run_whose_writer_is_gone_is_counted_with_what_to_do(host: ControlHost) -> None:
    with begin(host.state, ["n1"]) as journal:
        assert see(host).row("runs")["found"] == "1 kept, 1 running"
    row = see(host).row("runs")
    assert row["status"] == "warn"
    assert row["found"] == f"1 kept, 0 running, 1 whose writer is gone, the newest {journal.run_id}"
    assert f"aifctl runs resume {journal.run_id}" in row["advice"]


def test_a_run_that_cannot_be_read_is_counted(host: ControlHost) -> None:
    with begin(host.state, ["n1"]) as journal:
        pass
    (journal.folder / "journal.jsonl").write_bytes(b"nonsense\n")
    assert [row["found"] for row in see(host).rows("runs")][1:] == ["1 can't be read"]


def test_a_newest_run_from_the_future_speaks_of_the_clock(host: ControlHost) -> None:
    later = TestClock(at=host.clock.at + timedelta(hours=2))
    with begin(host.state, ["n1"], clock=later):
        pass
    row = see(host).row("clock")
    assert row["status"] == "warn"
    assert "7200 s later" in row["found"]


def test_a_lock_that_is_held_is_shown_and_beyond_its_deadline_warned_of(host: ControlHost) -> None:
    lock = take_lock(host.state, LockRequest(name="nightly"), deadline_s=60, command="run @all", clock=host.clock)
    try:
        row = see(host).row("lock")
        assert row["status"] == "ok"
        assert f"nightly: held for 0 s by pid {os.getpid()} (run @all)" in row["found"]
        host.clock.at += timedelta(seconds=90)
        assert "beyond its own deadline of 60 s" in see(host).row("lock")["found"]
        assert see(host).row("lock")["status"] == "warn"
    finally:
        lock.close()  # type: ignore[union-attr]
    assert see(host).row("lock")["found"] == "none held"


def test_a_lock_that_was_killed_with_its_holder_is_not_held(host: ControlHost) -> None:
    code = (
        "import os, signal; from pathlib import Path; from aifctl.core.state_dir import StateDir\n"
        "from aifctl.custody.lock import LockRequest, take_lock; from tests.fanout.journal_fakes import TestClock\n"
        f"take_lock(StateDir(path=Path({str(host.state.path)!r})), LockRequest(name='x'), deadline_s=60, command='c',\n"
        "    clock=TestClock())\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -9
    assert (host.state.path / "locks" / "x.lock").stat().st_size > 0
    assert see(host).row("lock")["found"] == "none held"


def record(state: StateDir, what: str) -> None:
    facts = {"who": "alice", "from_where": "tty1", "verb": "drain", "why": "ECC"}
    audit.append(state, clock=TestClock(), what=what, **facts)


def test_the_audit_chain_is_verified_only_where_that_is_asked_for(host: ControlHost) -> None:
    assert see(host, audit=True).row("audit chain")["found"] == "nothing recorded yet"
    record(host.state, "n1")
    record(host.state, "n2")
    assert "not verified" in see(host).row("audit chain")["found"]
    assert see(host, audit=True).row("audit chain")["found"] == "2 records, each bound to the one before"


def test_a_broken_audit_chain_is_1_with_a_row_for_each_problem(host: ControlHost) -> None:
    for what in ("n1", "n2", "n3"):
        record(host.state, what)
    path = host.state.path / audit.AUDIT
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b'"n2"', b'"n9"') + lines[2])
    seen = see(host, audit=True)
    rows = seen.rows("audit chain")
    assert [row["status"] for row in rows] == ["fail", "fail"]
    assert "audit.jsonl:2" in rows[0]["found"]
    assert seen.report.exit is ExitCode.FINDINGS
    assert see(host).report.exit is ExitCode.OK
    (host.folder / "id").chmod(0o644)
    assert see(host, audit=True).report.exit is ExitCode.SETUP
