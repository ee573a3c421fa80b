"""Runs in a process of its own on a file system of 1 MB: `python -m tests.fanout.full_disk SCENARIO FOLDER`."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout import journal_space
from aifctl.fanout.journal import Journal, JournalFullError
from aifctl.fanout.runs import read_run
from aifctl.ports.work import NodeResult
from tests.fanout.journal_fakes import begin, failed, names, ok, tally

NODES = names(600)
WIDTH = 64


def main(scenario: str, folder: Path) -> None:
    state = StateDir(path=folder / "state")
    facts: dict[str, object]
    if scenario == "full-before":
        facts = full_before(state, folder)
    else:
        if scenario == "ballast":
            forbid_fallocate()
        facts = fills_up(state, folder)
    sys.stdout.write(json.dumps(facts))


def full_before(state: StateDir, folder: Path) -> dict[str, object]:
    state.folder("runs")
    fill(folder)
    try:
        begin(state, NODES)
    except JournalFullError as problem:
        return {"message": str(problem), "left": [path.name for path in (state.path / "runs").rglob("*")]}
    return {}


def fills_up(state: StateDir, folder: Path) -> dict[str, object]:
    """A third of the run goes well, then something else fills the disk while WIDTH nodes are in flight."""
    with begin(state, NODES) as journal:
        for node in NODES[:200]:
            journal.start(node)
            journal.end(ok(node, node.encode() * 40))
        in_flight = NODES[200 : 200 + WIDTH]
        for node in in_flight:
            journal.start(node)
        fill(folder)
        refused, more = go_on_until_refused(journal, in_flight)
        unreached = NODES[-1]
        journal.end(failed(unreached, Outcome.CONNECT_TIMEOUT))
        journal.stop("the disk is full")
        journal.seal(tally(ExitCode.SETUP, ok=200 + WIDTH + len(more)))
    record = read_run(state, "latest")
    results = [record.result(node) for node in (*in_flight, *more)]
    return {
        "refused": refused,
        "counts": Counter(record.outcomes.values()),
        "started_after": len(more),
        "reason": record.reason,
        "state": record.state.value,
        "damage": len(record.damage),
        "without_output": sum(result is not None and "output was lost" in result.message for result in results),
        "ballast": (journal.folder / "ballast").exists(),
    }


def go_on_until_refused(journal: Journal, in_flight: Sequence[str]) -> tuple[str, list[str]]:
    """One ends, one starts, as in a run; then all that is still in flight ends. Returns why, and who was started."""
    waiting, more, refused = list(in_flight), list[str](), ""
    for node in NODES[200 + WIDTH : -1]:
        journal.end(large(waiting.pop(0)))
        try:
            journal.start(node)
        except JournalFullError as problem:
            refused = str(problem)
            break
        waiting.append(node)
        more.append(node)
    for node in waiting:
        journal.end(large(node))
    return refused, more


def large(node: str) -> NodeResult:
    return ok(node, node.encode() * 400)


def fill(folder: Path) -> None:
    """Write until not one byte fits."""
    descriptor = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for size in (1 << 16, 1 << 12, 1):
        with contextlib.suppress(OSError):
            while os.write(descriptor, bytes(size)):
                pass
    os.close(descriptor)


def forbid_fallocate() -> None:
    """Behave as a file system that can't reserve."""

    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    journal_space._fallocate = refuse


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
