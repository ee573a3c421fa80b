"""A journal on a disk that fills up, on a real file system of 1 MB in a mount namespace of its own."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal import JournalFullError
from aifctl.fanout.journal_end import SLIM_BYTES, slim
from aifctl.fanout.runs import read_run
from aifctl.ports.work import NodeResult
from tests.fanout.journal_fakes import begin, names, ok, tally

ROOT = Path(__file__).parents[2]
_IN_NAMESPACE = 'mount -t tmpfs -o size=1m,mode=700 tmpfs "$2" && exec "$1" -m tests.fanout.full_disk "$3" "$2"'

needs_mount = pytest.mark.skipif(
    (os.geteuid() != 0 or shutil.which("unshare") is None) and os.environ.get("CI") != "true",
    reason="mounting a small file system needs root and unshare",
)


def on_small_disk(tmp_path: Path, scenario: str) -> dict[str, Any]:
    command = ["unshare", "--mount", "sh", "-c", _IN_NAMESPACE, "sh", sys.executable, str(tmp_path), scenario]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@needs_mount
@pytest.mark.parametrize("scenario", ["reserved", "ballast"])
def test_a_full_disk_stops_dispatch_and_loses_no_end_of_what_was_in_flight(tmp_path: Path, scenario: str) -> None:
    told = on_small_disk(tmp_path, scenario)

    assert "is full: no further node is started" in told["refused"]
    assert "aifctl runs resume" in told["refused"]
    assert told["counts"]["ok"] == 200 + 64 + told["started_after"]
    assert "lost" not in told["counts"]
    assert told["counts"]["not-started"] > 0
    assert told["reason"] == "the disk is full"
    assert told["state"] == "stopped"
    assert told["damage"] == 0
    assert told["without_output"] > 0
    assert not told["ballast"]


@needs_mount
def test_a_disk_that_is_full_already_refuses_the_run_before_anything_is_started(tmp_path: Path) -> None:
    told = on_small_disk(tmp_path, "full-before")

    assert "has no room for this run's journal" in told["message"] or "can't be made" in told["message"]
    assert told["left"] == []


def test_room_for_every_end_is_taken_before_the_first_start_and_given_back_at_the_seal(tmp_path: Path) -> None:
    with begin(StateDir(path=tmp_path), names(2000)) as journal:
        path = journal.folder / "journal.jsonl"
        held = journal._reached
        assert held > 2000 * SLIM_BYTES
        if not (journal.folder / "ballast").exists():
            assert path.stat().st_blocks * 512 >= held > path.stat().st_size
        journal.seal(tally())

    assert path.stat().st_blocks * 512 <= path.stat().st_size + 8192
    assert not (journal.folder / "ballast").exists()


def test_a_start_is_refused_while_every_owed_end_still_fits(tmp_path: Path) -> None:
    with begin(StateDir(path=tmp_path), names(100)) as journal:
        for node in names(100):
            journal.start(node)
            owed = len(journal._owed) * journal._slim_bytes
            assert journal._reached >= journal._size + owed
        for node in names(100):
            journal.end(ok(node))
            assert journal._reached >= journal._size + len(journal._owed) * journal._slim_bytes
        journal.seal(tally(ok=100))


def test_a_start_that_was_refused_is_owed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with begin(StateDir(path=tmp_path), names(3)) as journal:
        journal.start("r000n00")

        def refuse(record: bytes) -> None:
            raise OSError(errno.ENOSPC, f"no room for {len(record)} bytes")

        monkeypatch.setattr(journal, "_write", refuse)
        with pytest.raises(JournalFullError):
            journal.start("r000n01")
        monkeypatch.undo()
        assert journal._owed == {"r000n00"}
        journal.end(ok("r000n00"))
        journal.seal(tally(ok=1))

    assert read_run(StateDir(path=tmp_path), "latest").outcomes["r000n01"] == "not-started"


def test_the_slim_record_of_any_outcome_fits_into_what_is_reserved_for_it() -> None:
    widest = {
        outcome: NodeResult(
            node="",
            outcome=outcome,
            rc=-(2**31),
            signal="\U0001f525" * 99,
            started_at=9_999_999_999.999999,
            duration_s=99_999_999.999999,
            message="m" * 9999,
        )
        for outcome in Outcome
    }

    sizes = {outcome: len(slim(result, 9_999_999_999.999999)) for outcome, result in widest.items()}

    assert max(sizes.values()) <= SLIM_BYTES
