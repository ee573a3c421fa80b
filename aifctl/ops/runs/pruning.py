"""Old runs removed: their journals and what was kept of their output."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.report import Head, Report
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import run_folder, run_ids
from aifctl.fanout.run_summary import RunState, read_summary
from aifctl.ops.runs.listing import RUNS, run_item
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox


def prune_runs(keep: int, tools: Toolbox, sink: Sink) -> Report:
    """Remove all but the newest `keep` runs; a run that goes on, and one that a kept run continues, stay."""
    if keep < 0:
        raise UsageError(f"--keep {keep}: name how many of the newest runs to keep, 0 or more")
    state = tools.state
    known = run_ids(state)
    staying = _needed(state, known[max(0, len(known) - keep) :])
    sink.open(Head(kind=RUNS, facts={"state_dir": str(state.path)}))
    removed = 0
    for run_id in known:
        item = run_item(state, run_id)
        if run_id in staying or item["state"] == RunState.RUNNING:
            continue
        _remove(state, run_id)
        sink.item(item)
        removed += 1
    return Report(
        notes=(f"{removed} runs were removed, {len(known) - removed} are kept",),
        summary={"removed_count": removed, "kept_count": len(known) - removed},
    )


def _needed(state: StateDir, kept: Sequence[str]) -> set[str]:
    """Return the kept runs and all that they continue: without those a resume would repeat what was done."""
    needed: set[str] = set()
    waiting = list(kept)
    while waiting:
        run_id = waiting.pop()
        summary = None if run_id in needed else read_summary(state, run_id)
        needed.add(run_id)
        if summary and summary.resumed_from:
            waiting.append(summary.resumed_from)
    return needed


def _remove(state: StateDir, run_id: str) -> None:
    folder = run_folder(state, run_id)
    # Renamed first: a run is there or it is not, and what an interrupted removal leaves is no run.
    gone = folder.with_name(f".gone-{run_id}")
    try:
        folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as problem:
        raise SetupError(f"run {run_id} can't be removed from {folder.parent}: {problem.strerror}") from problem
