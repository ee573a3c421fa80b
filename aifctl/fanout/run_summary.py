"""Runs as a list shows them: what the first and the last record of each journal say."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.process import ProcessIdentity, identity_of
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal_format import FORMAT, JOURNAL, RECORD_BYTES, parse_journal
from aifctl.fanout.run_ids import run_folder, run_ids


class RunState(StrEnum):
    """How far a run has come."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # ended in order, but early: a signal, the deadline, a budget, a full disk
    CRASHED = "crashed"  # its writer is gone and has not sealed it


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run as a list shows it: what its first and last record say.

    Attributes:
        facts: what the verb put into the head, but for values that stand in files of their own.
        counts: nodes per outcome; None where the run is not sealed.
        stopped: the exit code that says why it ended early; OK where it did not; None where it is not sealed.
        started_at, ended_at: seconds since the epoch; ended_at 0 where it is not sealed.
    """

    run_id: str
    verb: str
    state: RunState
    started_at: float
    ended_at: float
    changing: bool
    nodes_count: int
    skipped_count: int
    counts: Mapping[str, int] | None
    stopped: ExitCode | None
    facts: Mapping[str, Any]
    writer: ProcessIdentity | None

    @property
    def resumed_from(self) -> str | None:
        """The run that this one continues."""
        value = self.facts.get("resumed_from")
        return value if isinstance(value, str) else None


def list_runs(state: StateDir, *, limit: int | None = None) -> list[RunSummary]:
    """Return the latest runs, newest first, reading the first and the last 4 KB of each.

    A run whose head can't be read is left out; `unreadable_runs` names those.
    """
    wanted = run_ids(state)[::-1]
    summaries = (read_summary(state, run_id) for run_id in wanted[:limit])
    return [summary for summary in summaries if summary is not None]


def read_summary(state: StateDir, run_id: str) -> RunSummary | None:
    """Return one run as a list shows it; None where its head can't be read."""
    path = run_folder(state, run_id) / JOURNAL
    try:
        alive = has_writer(path)  # before reading: one that ends in between has sealed what is read
        with path.open("rb") as stream:
            first = stream.read(RECORD_BYTES)
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - RECORD_BYTES))
            last = stream.read(RECORD_BYTES)
        head = parse_journal(first[: first.find(b"\n") + 1]).records
        tail = parse_journal(last[last[:-1].rfind(b"\n") + 1 :]).records
    except OSError:
        return None
    return summary_of(head[0], tail[-1] if _is_seal(tail) else None, alive=alive) if is_head(head) else None


def summary_of(head: Mapping[str, Any], seal: Mapping[str, Any] | None, *, alive: bool) -> RunSummary:
    """Return what a head and a seal say; `alive`: the writer holds the lock."""
    stopped = None if seal is None else ExitCode(seal["stopped"])
    return RunSummary(
        run_id=head["run"],
        verb=head["verb"],
        state=_state(stopped, alive=alive),
        started_at=head["at"],
        ended_at=seal["at"] if seal else 0.0,
        changing=head["changing"],
        nodes_count=head["nodes_count"],
        skipped_count=head["skipped_count"],
        counts=seal["counts"] if seal else None,
        stopped=stopped,
        facts=head["facts"],
        writer=identity_of(head["writer"]),
    )


def is_head(records: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the first record is a head that this version can read."""
    return bool(records) and records[0].get("t") == "head" and records[0].get("v") == FORMAT


def has_writer(path: Path) -> bool:
    """Tell whether a writer holds the journal's lock; the kernel lets go of it when the writer ends, however it ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def command_of(facts: Mapping[str, Any]) -> str | None:
    """Return a run's command line as it was typed; None where its head does not hold it itself (it was too long)."""
    argv = facts.get("argv")
    return shlex.join(map(str, argv)) if isinstance(argv, list | tuple) else None


def _state(stopped: ExitCode | None, *, alive: bool) -> RunState:
    if stopped is None:
        return RunState.RUNNING if alive else RunState.CRASHED
    return RunState.DONE if stopped is ExitCode.OK else RunState.STOPPED


def _is_seal(records: Sequence[Mapping[str, Any]]) -> bool:
    return bool(records) and records[-1].get("t") == "seal"
