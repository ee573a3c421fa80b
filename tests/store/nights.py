"""A store of many nights, one sweep in each, and what prunes it."""

from __future__ import annotations

from aifctl.ports.store import Pruned
from aifctl.store.log import Log
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, HandClock, begin, look, opened

DAY_S = 86_400.0
NODES = ("n1", "n2", "n3")


def log_of(place: Place, roll_bytes: int = 1) -> Log:
    return Log(state=place.state, parts=place.log, roll_bytes=roll_bytes)


def sweep(store: SqlStore, clock: HandClock, name: str, **fields: object) -> None:
    begin(store, name)
    at_s = NOW_S + clock.passed_s
    store.add(name, [look(node, at_s, **fields) for node in NODES])
    store.end_sweep(name, answered=3, exit_code=0, facts={})


def nights(place: Place, clock: HandClock, count: int, *, first: int = 0, roll_bytes: int = 1) -> None:
    """Sweep once a day, each time with a segment of its own; what nodes are changes on the third day."""
    for number in range(first, first + count):
        digest = f"{number > 2:064x}"
        with opened(place, clock) as store:
            store._writer.log = log_of(place, roll_bytes)
            sweep(store, clock, f"s{number}", facts_digest=digest, facts=f'["{digest}"]'.encode(), memory=b"[1]")
        clock.passed_s += DAY_S


def pruned(place: Place, clock: HandClock, *, keep_days: float, dry_run: bool = False) -> Pruned:
    with opened(place, clock) as store:
        return store.prune(before_s=NOW_S + clock.passed_s - keep_days * DAY_S, dry_run=dry_run)


def segment_names(place: Place) -> list[str]:
    return [path.name for path in log_of(place).segments()]
