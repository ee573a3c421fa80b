"""How much a store grows by a node and sweep: `python -m tests.store.growth [--nodes N] [--sweeps N]`.

Facts stay as they are; 120 numbers of a node move as those of a healthy idle one do: temperatures and power by noise, clocks
hardly, port counters by what a little traffic adds, most error counters not at all. One memory in fifty changes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aifctl.ports.store_writes import NodeLook
from tests.store.store_parts import NOW_S, HandClock, begin, look, opened, place_of

_BATCH = 128


class Node:
    """A node's moving numbers: 8 GPUs of 9, 8 ports of 5, 8 of the host."""

    def __init__(self, number: int) -> None:
        self.name = f"node{number:05d}"
        self._dice = random.Random(number)  # noqa: S311  noise, not secrets
        self._counters = [self._dice.randrange(10**9, 10**12) for _ in range(16)]
        self._replays = [self._dice.randrange(40, 180) for _ in range(8)]

    def moving(self, at_s: float) -> bytes:
        dice = self._dice
        values: list[float] = [round(at_s, 3), round(at_s + dice.gauss(0, 0.01), 4)]
        for gpu in range(8):
            watts = round(dice.gauss(70, 0.6), 3)
            warm = [30 + dice.randrange(3), 38 + dice.randrange(3), 56 + dice.randrange(3)]
            values += [*warm, watts, 345, 2619, 0, self._replays[gpu], 0]
        for port in range(8):
            self._counters[port] += dice.randrange(10**4, 10**6)
            self._counters[port + 8] += dice.randrange(10**4, 10**6)
            values += [self._counters[port], self._counters[port + 8], 0, 0, 0]
        values += [round(dice.uniform(0.1, 2), 2), dice.randrange(10**6) + 2 * 10**9, dice.randrange(10**5), 0, 0, 0]
        return json.dumps(values, separators=(",", ":")).encode()


def main(nodes_count: int, sweeps_count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        place, clock = place_of(Path(folder)), HandClock()
        nodes = [Node(number) for number in range(nodes_count)]
        memory = json.dumps({"counters": {f"GPU-{index}": {"replay": 99} for index in range(8)}}).encode()
        sizes, cpu_s = [], time.process_time()
        for sweep in range(sweeps_count + 1):
            with opened(place, clock) as store:
                begin(store, f"sweep-{sweep:05d}", nodes_count)
                random.Random(sweep).shuffle(nodes)  # noqa: S311  they answer in another order each time
                for start in range(0, nodes_count, _BATCH):
                    store.add(
                        f"sweep-{sweep:05d}",
                        [one(node, clock, sweep, memory) for node in nodes[start : start + _BATCH]],
                    )
                store.end_sweep(f"sweep-{sweep:05d}", answered=nodes_count, exit_code=0, facts={})
            clock.passed_s += 300
            sizes.append(held_bytes(Path(folder)))
        took_s = time.process_time() - cpu_s
        log_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*.jsonl.gz"))
    looks = nodes_count * sweeps_count
    grown = (sizes[-1] - sizes[0]) / looks
    sys.stdout.write(
        f"{nodes_count} nodes, {sweeps_count} sweeps: {grown:.0f} bytes a node and sweep, of them "
        f"{log_bytes / (looks + nodes_count):.0f} in the log; {took_s / (looks + nodes_count) * 1000:.3f} ms of CPU\n"
    )
    return 0 if grown <= 1024 else 1


def one(node: Node, clock: HandClock, sweep: int, memory: bytes) -> NodeLook:
    at_s = NOW_S + clock.passed_s
    first: dict[str, Any] = (
        {"facts_digest": f"{int(node.name[4:]):064x}", "facts": memory * 40, "findings": memory} if not sweep else {}
    )
    changed = {"memory": memory} if (int(node.name[4:]) + sweep) % 50 == 0 else {}
    return look(node.name, at_s, moving=node.moving(at_s), boot_id="6a2f", **first, **changed)


def held_bytes(folder: Path) -> int:
    """Return what the files take on the disk, the WAL played in."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--nodes", type=int, default=500)
    options.add_argument("--sweeps", type=int, default=100)
    asked = options.parse_args()
    sys.exit(main(asked.nodes, asked.sweeps))
