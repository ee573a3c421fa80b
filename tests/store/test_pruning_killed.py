"""kill -9 of processes that sweep and prune one store, two at a time, at moments nobody chose."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aifctl.store.log import Log
from aifctl.store.place import Place
from tests.store.server import Server
from tests.store.store_parts import execute, opened, place_of, same_as_rebuilt
from tests.store.store_writer import NODES
from tests.store.test_killed import ROOT, killed

# Nine lines of some eight bytes to three sweeps and a prune.
_MOST_BYTES = 70 * 5
_LOOKS = (
    "SELECT s.id, count(*) FROM readings r JOIN sweeps s ON s.number = r.sweep WHERE s.id LIKE '{}.%' GROUP BY s.id"
)
_EVENTS = "SELECT text FROM events WHERE kind = 'run' AND text LIKE '{}.%'"


@pytest.mark.timeout(240)
def test_kill_9_in_a_prune_loses_nothing_that_is_kept_and_the_log_still_makes_the_store(
    tmp_path: Path, place: Place
) -> None:
    drill(tmp_path, "" if place.path else place.conninfo, rounds=4, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_kill_9_in_a_prune_loses_nothing_in_sqlite_20_times(tmp_path: Path) -> None:
    drill(tmp_path, "", rounds=10, seed=300)


@pytest.mark.soak
@pytest.mark.db
@pytest.mark.timeout(900)
def test_kill_9_in_a_prune_loses_nothing_in_postgresql_20_times(tmp_path: Path, server: Server) -> None:
    drill(tmp_path, server.database(), rounds=10, seed=400)


def drill(folder: Path, url: str, *, rounds: int, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  moments, not secrets
    place = place_of(folder, url)
    told: list[dict[str, Counter[str]]] = []
    for number in range(rounds):
        runs = [started(folder, url, number, letter) for letter in "ab"]
        lines = [killed(run, dice.randrange(100, _MOST_BYTES)) for run in runs]
        told.append(
            {letter: Counter(line.split()[0] for line in some) for letter, some in zip("ab", lines, strict=True)}
        )
        opened(place).close()
        check(place, told)
    assert sum(counts["prune"] for one in told for counts in one.values()) > rounds
    assert (
        len(Log(state=place.state, parts=place.log).segments()) < execute(place, "SELECT count(*) FROM segments")[0][0]
    )
    same_as_rebuilt(place)


def check(place: Place, told: list[dict[str, Counter[str]]]) -> None:
    """All that was acknowledged in this round and the one before is there, once; older readings are gone, the time line is not."""
    for number, one in enumerate(told):
        for letter, counts in one.items():
            run = f"{number}{letter}"
            events = [row[0] for row in execute(place, _EVENTS.format(run))]
            assert len(set(events)) == len(events)
            assert counts["event"] <= len(events) <= counts["event"] + 1
            looks = {row[0]: row[1] for row in execute(place, _LOOKS.format(run))}
            if number >= len(told) - 2:
                assert set(looks.values()) <= {len(NODES)}
                assert counts["add"] <= len(looks) <= counts["add"] + 1
            elif any(counts["prune"] for counts in told[-1].values()):
                assert looks == {}


def started(folder: Path, url: str, number: int, letter: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.store.store_pruner", str(folder), url, str(number), letter]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
