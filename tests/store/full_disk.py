"""Runs in a process of its own on a file system of 2 MB: `python -m tests.store.full_disk FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aifctl.core.errors import AifctlError
from aifctl.store.rebuild import rebuild
from tests.fanout.full_disk import fill
from tests.store.store_parts import HandClock, begin, contents, look, opened, place_of


def main(folder: Path) -> None:
    place, clock = place_of(folder), HandClock()
    acknowledged, errors = [], []
    with opened(place, clock) as store:
        begin(store)
        for index in range(20):
            store.add("s1", [look(f"n{index:03d}")])
            acknowledged.append(f"n{index:03d}")
        fill(folder)
        for index in range(20, 40):
            try:
                store.add("s1", [look(f"n{index:03d}", memory=b"[%d]" % index * 9000)])
                acknowledged.append(f"n{index:03d}")
            except AifctlError as problem:
                errors.append(f"{type(problem).__name__}: {problem}")
                clock.passed_s += 20
        known = [row.node for row in store.nodes_now()]
        queued = store.queued_count
    (folder / "filler").unlink()
    with opened(place) as store:
        begin(store, "s2")
        store.add("s2", [look("after")])
        after = [row.node for row in store.nodes_now()]
    before = contents(place)
    rebuild(place, clock=clock)
    facts = {"acknowledged": acknowledged, "known": known, "after": after, "errors": errors, "queued": queued}
    sys.stdout.write(json.dumps({**facts, "same": contents(place) == before}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
