"""A process that sweeps and prunes a store until it is killed: `python -m tests.store.store_pruner FOLDER URL ROUND LETTER`.

It opens the store for each sweep, as cron does, and each time begins a segment. Its time is that of its round: it keeps this one and
the one before. It tells what was acknowledged, and before each prune that it begins one: "add 3", "event 3", "try 3", "prune 3".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aifctl.core.errors import BusyError
from aifctl.ports.store_writes import Event
from aifctl.store import pruning
from aifctl.store.log import Log
from aifctl.store.place import Place
from tests.store.store_parts import NOW_S, HandClock, begin, look, opened, place_of
from tests.store.store_writer import NODES, TOLD

ROUND_S = 1e5


def main(folder: Path, url: str, number: int, letter: str) -> None:
    place, clock = place_of(folder, url), HandClock(number * ROUND_S)
    pruning._BITE_COUNT = 2 * len(NODES)
    os.write(TOLD, b"open\n")
    for index in range(10_000):
        clock.passed_s += 1
        write(place, clock, f"{number}{letter}.{index}")
        os.write(TOLD, f"event {index}\n".encode())
        if index % 3 == 2:
            os.write(TOLD, f"try {index}\n".encode())
            if prune(place, clock, NOW_S + (number - 1) * ROUND_S):
                os.write(TOLD, f"prune {index}\n".encode())


def write(place: Place, clock: HandClock, sweep: str) -> None:
    with opened(place, clock, bound_s=30) as store:
        store._writer.log = Log(state=place.state, parts=place.log, roll_bytes=1)
        begin(store, sweep)
        digest = f"{int(clock.passed_s / ROUND_S):064x}"
        at_s = NOW_S + clock.passed_s
        store.add(sweep, [look(node, at_s, facts_digest=digest, facts=b"{}", memory=b"[]") for node in NODES])
        os.write(TOLD, f"add {sweep.rpartition('.')[2]}\n".encode())
        store.end_sweep(sweep, answered=len(NODES), exit_code=0, facts={})
        store.tell([Event(kind="run", text=sweep)])


def prune(place: Place, clock: HandClock, before_s: float) -> bool:
    """Prune, unless somebody else does so at this moment."""
    with opened(place, clock, bound_s=30) as store:
        store._writer.log = Log(state=place.state, parts=place.log, roll_bytes=1)
        try:
            store.prune(before_s=before_s)
        except BusyError:
            return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
