"""A process that writes a store until it is killed: `python -m tests.store.store_writer FOLDER URL RUN`.

It tells what was acknowledged, one write() of one line each: "add 3", "event 3", "move 3".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aifctl.core.system_clock import SystemClock
from aifctl.fleet.lifecycle import State
from aifctl.ports.store_writes import Event, Move
from aifctl.store.store import SqlStore, open_store
from tests.store.store_parts import PAT, begin, look, place_of

NODES = [f"n{number}" for number in range(8)]
TOLD = 1


def main(folder: Path, url: str, run: str) -> None:
    with open_store(place_of(folder, url), clock=SystemClock(), bound_s=30) as store:
        os.write(TOLD, b"open\n")
        for index in range(10_000):
            write(store, run, index)


def write(store: SqlStore, run: str, index: int) -> None:
    sweep = f"{run}.{index}"
    begin(store, sweep)
    at_s = float(index)
    looks = [look(node, at_s, facts_digest=f"{run}{index % 3:063d}", facts=b"{}", memory=b"[]") for node in NODES]
    store.add(sweep, looks)
    os.write(TOLD, f"add {index}\n".encode())
    store.tell([Event(kind="run", text=sweep)])
    os.write(TOLD, f"event {index}\n".encode())
    states = (State.READY, State.ALLOCATED)
    source, target = states[index % 2], states[(index + 1) % 2]
    store.move([Move(node=f"m{run}", source=source, target=target, expected_version=index)], PAT)
    os.write(TOLD, f"move {index}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
