"""kill -9 of processes that write one store, two at a time, at moments nobody chose."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aifctl.store.place import Place
from tests.store.server import Server
from tests.store.store_parts import execute, opened, place_of, same_as_rebuilt
from tests.store.store_writer import NODES

ROOT = Path(__file__).parents[2]
# Three lines of some nine bytes to a round of writes.
_MOST_BYTES = 27 * 12


@pytest.mark.timeout(180)
def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path: Path, place: Place) -> None:
    drill(tmp_path, "" if place.path else place.conninfo, rounds=5, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_kill_9_loses_nothing_in_sqlite_120_times(tmp_path: Path) -> None:
    for seed in range(6):
        drill(tmp_path / str(seed), "", rounds=10, seed=100 + seed)


@pytest.mark.soak
@pytest.mark.db
@pytest.mark.timeout(900)
def test_kill_9_loses_nothing_in_postgresql_120_times(tmp_path: Path, server: Server) -> None:
    for seed in range(6):
        drill(tmp_path / str(seed), server.database(), rounds=10, seed=200 + seed)


def drill(folder: Path, url: str, *, rounds: int, seed: int) -> None:
    """Let two write and kill them, round after round; each round all that was ever acknowledged must be there, once."""
    dice = random.Random(seed)  # noqa: S311  moments, not secrets
    place = place_of(folder, url)
    acknowledged: dict[str, list[str]] = {}
    for number in range(rounds):
        runs = [f"{number}a", f"{number}b"]
        writers = [started(folder, url, run) for run in runs]
        for run, writer in zip(runs, writers, strict=True):
            acknowledged[run] = killed(writer, dice.randrange(5, _MOST_BYTES))
        opened(place).close()
        for run, lines in acknowledged.items():
            check(place, run, lines)
    same_as_rebuilt(place)


def check(place: Place, run: str, lines: list[str]) -> None:
    done = Counter(line.split()[0] for line in lines)
    looks = {row[0]: row[1] for row in execute(place, _LOOKS.format(run))}
    assert set(looks.values()) <= {len(NODES)}
    assert done["add"] <= len(looks) <= done["add"] + 1
    events = [row[0] for row in execute(place, _EVENTS.format(run))]
    assert len(set(events)) == len(events)
    assert done["event"] <= len(events) <= done["event"] + 1
    versions = [row[0] for row in execute(place, _MOVES.format(run))]
    assert versions == list(range(1, len(versions) + 1))
    assert done["move"] <= len(versions) <= done["move"] + 1


_LOOKS = (
    "SELECT s.id, count(*) FROM readings r JOIN sweeps s ON s.number = r.sweep WHERE s.id LIKE '{}.%' GROUP BY s.id"
)
_EVENTS = "SELECT text FROM events WHERE kind = 'run' AND text LIKE '{}.%'"
_MOVES = "SELECT version FROM transitions t JOIN nodes n ON n.id = t.node_id WHERE n.name = 'm{}' ORDER BY version"


def started(folder: Path, url: str, run: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.store.store_writer", str(folder), url, run]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def killed(writer: subprocess.Popen[bytes], count_bytes: int) -> list[str]:
    """Read this much of what a writer tells, kill it, and return all whole lines that it had told, but for the first."""
    told = bytearray()
    with writer:
        assert writer.stdout is not None
        pipe = writer.stdout.fileno()
        while len(told) < count_bytes:
            piece = os.read(pipe, count_bytes - len(told))
            assert piece, "the writer ended before it was killed"
            told += piece
        writer.send_signal(signal.SIGKILL)
        while piece := os.read(pipe, 1 << 16):
            told += piece
    assert writer.returncode == -signal.SIGKILL
    return told.decode().split("\n")[1:-1]
