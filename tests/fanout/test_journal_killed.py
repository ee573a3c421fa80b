"""kill -9 of a process that is writing a journal, at moments nobody chose."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_summary import RunState
from aifctl.fanout.runs import read_run
from tests.fanout.journal_fakes import names

ROOT = Path(__file__).parents[2]
# A batch of 16 nodes is 33 lines; the last of these kills come when some 400 nodes have been told.
_MOST_BYTES = 8 * 400


@pytest.mark.parametrize("seed", range(30))
def test_kill_9_loses_at_most_what_was_in_flight(tmp_path: Path, seed: int) -> None:
    drill(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_kill_9_loses_at_most_what_was_in_flight_200_times(tmp_path: Path) -> None:
    for seed in range(1000, 1200):
        drill(tmp_path / str(seed), seed)


def drill(folder: Path, seed: int) -> None:
    """Kill a writer once it has told some nodes; then every start it has told of must be in the journal."""
    folder.mkdir(exist_ok=True)
    wanted = random.Random(seed).randrange(0, _MOST_BYTES)  # noqa: S311  a moment, not a secret
    told = kill_after(folder, wanted)

    record = read_run(StateDir(path=folder), "latest")
    durable = told.decode().splitlines()[1:]
    if durable and not told.endswith(b"\n"):
        durable.pop()

    assert record.state is RunState.CRASHED
    assert record.damage == ()
    assert set(durable) <= set(record.starts)
    assert list(record.starts) == names(len(record.starts))
    assert set(record.ends) <= set(record.starts)
    in_flight = set(record.starts) - set(record.ends)
    assert len(in_flight) <= 16
    assert [name for name, outcome in record.outcomes.items() if outcome == "lost"] == sorted(in_flight)
    assert all(record.outcomes[name] == "ok" for name in record.ends)
    for name in list(record.ends)[-20:]:
        result = record.result(name)
        assert result is not None
        data = Path(result.stdout.path).read_bytes() if result.stdout.path else result.stdout.inline
        assert data == name.encode() * (result.stdout.bytes_count // len(name))


def kill_after(folder: Path, count_bytes: int) -> bytes:
    """Start a writer, read this much of what it tells, kill it, and return all that it had told."""
    told = bytearray()
    command = [sys.executable, "-m", "tests.fanout.journal_writer", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        pipe = writer.stdout.fileno()
        while len(told) < max(count_bytes, len(b"open\n")):
            piece = os.read(pipe, count_bytes - len(told) or 1)
            assert piece, "the writer ended before it was killed"
            told += piece
        writer.send_signal(signal.SIGKILL)
        while piece := os.read(pipe, 1 << 16):
            told += piece
    assert writer.returncode == -signal.SIGKILL
    return bytes(told)
