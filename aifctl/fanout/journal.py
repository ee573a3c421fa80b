"""A run as it happens, written so that kill -9 and a full disk lose at most what was in flight.

One writer under a lock, one record per write(). Records are put together by hand: 6,250 nodes write 12,500 of them,
and json.dumps of a dictionary costs four times as much.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aifctl.core.errors import BusyError, SetupError
from aifctl.core.process import this_process
from aifctl.core.state_dir import StateDir, sync_folder
from aifctl.fanout.journal_end import SLIM_BYTES, EndRecords, slim
from aifctl.fanout.journal_files import SideFiles
from aifctl.fanout.journal_format import (
    FILE_KEY,
    FORMAT,
    JOURNAL,
    OUTPUT,
    RECORD_BYTES,
    render_record,
    seal_record,
    to_json,
)
from aifctl.fanout.journal_space import FULL, Space, take_space
from aifctl.fanout.journal_sync import GroupSync
from aifctl.fanout.plan import RunPlan, Tally
from aifctl.fanout.run_ids import RUNS, run_folder
from aifctl.ports.clock import Clock
from aifctl.ports.work import NodeResult

# Room for one stop and the seal: 19 outcomes with their counts are under 700 bytes.
_TAIL_BYTES = 2048
_START_BYTES = 96
_REACH_BYTES = 256 << 10
_MOST_REASON = 300


class JournalFullError(SetupError):
    """There is no room for another start; what was started can still be told."""


class Journal:
    """The journal of one run, from its head to its seal; closing it without a seal says that it broke off.

    `durable` needs a running loop; the rest is plain writing, some 5 µs a record. Captures put what is too large to
    be told here into `output_folder`, named by its digest.
    """

    def __init__(
        self, *, state: StateDir, plan: RunPlan, clock: Clock, descriptor: int, sync: Callable[[int], None]
    ) -> None:
        self.run_id = plan.run_id
        self.folder = run_folder(state, plan.run_id)
        self.output_folder = self.folder / OUTPUT
        self._clock = clock
        self._descriptor = descriptor
        self._files = SideFiles(state, self.folder)
        self._ends = EndRecords(self._files)
        self._sync = GroupSync(lambda: sync(descriptor))
        self._owed: set[str] = set()
        longest = max((len(quoted(endpoint.name)) for endpoint in plan.endpoints), default=0)
        self._slim_bytes = SLIM_BYTES + longest
        self._size = 0
        self._full = False
        self._unwritten = 0
        wanted = len(plan.endpoints) * (self._slim_bytes + _START_BYTES + longest)
        self._space: Space = take_space(state, self.folder, descriptor, RECORD_BYTES + _TAIL_BYTES + wanted)
        self._reached = self._space.reach(RECORD_BYTES + _TAIL_BYTES)

    def start(self, node: str) -> None:
        """Write down that a command is about to be sent; JournalFullError, and nothing written, where there is no room."""
        self._sync.check()
        if self._full:
            raise self._no_room()
        self._owed.add(node)
        try:
            self._append(seal_record(f'{{"t":"start","node":{quoted(node)},"at":{self._now():.6f}'))
        except JournalFullError:
            self._owed.discard(node)
            raise

    async def durable(self) -> None:
        """Wait until all that was written is on the disk."""
        await self._sync.durable()

    def end(self, result: NodeResult) -> None:
        """Write down what became of a node: on a full disk without its output, but written."""
        at = self._now()
        self._owed.discard(result.node)
        if not self._full:
            try:
                self._append(self._ends.full(result, at))
            except JournalFullError:
                pass
            except OSError as problem:  # of a side file
                self._see_if_full(problem)
            else:
                return
        # From here on every record is slim, so that none refers to output that the one that failed would have held.
        self._append_from_reserve(slim(result, at), behind_bytes=_TAIL_BYTES)

    def stop(self, reason: str) -> None:
        """Write down why no more nodes are started."""
        self._append_from_reserve(render_record({"t": "stop", "at": self._now(), "reason": reason[:_MOST_REASON]}))

    def seal(self, tally: Tally) -> None:
        """Write down how the run ended, put everything on the disk and give back what was reserved."""
        record: dict[str, Any] = {"t": "seal", "at": self._now(), "stopped": int(tally.stopped)}
        record["counts"] = {outcome.value: count for outcome, count in tally.counts.items()}
        record["not_reached_count"] = len(tally.not_reached)
        if self._unwritten:
            record["unwritten_count"] = self._unwritten
        self._owed.clear()
        self._append_from_reserve(render_record(record))
        self.close()

    def close(self) -> None:
        """Sync, give back what was reserved, let go of the lock; idempotent."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            self._sync.close()
            self._space.trim(self._size)
        except OSError as problem:
            raise SetupError(f"the journal of run {self.run_id} can't be closed: {problem.strerror}") from problem
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write_head(self, plan: RunPlan) -> None:
        """Write the first record and what does not fit into it, durably; OSError where that can't be done."""
        fields: dict[str, Any] = {
            "t": "head",
            "v": FORMAT,
            "run": plan.run_id,
            "verb": plan.verb,
            "at": self._now(),
            "changing": plan.changing,
            "nodes_count": len(plan.endpoints),
            "skipped_count": len(plan.skipped),
            "writer": this_process().facts(),
        }
        facts: dict[str, Any] = dict(plan.head)
        facts["nodes"] = [endpoint.name for endpoint in plan.endpoints]
        facts["skipped"] = plan.skipped
        self._write(render_record({**fields, "facts": self._fitted(fields, facts)}))

    def _fitted(self, fields: Mapping[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
        texts = {key: to_json(value) for key, value in facts.items()}
        while len(render_record({**fields, "facts": facts})) > RECORD_BYTES:
            largest = max(texts, key=lambda key: len(texts[key]))
            facts[largest] = {FILE_KEY: self._files.keep_facts(texts.pop(largest).encode("ascii"), durable=True)}
        return facts

    def _append(self, record: bytes) -> None:
        """Write one record, if what is owed still fits behind it; JournalFullError if not."""
        needed = self._size + len(record) + len(self._owed) * self._slim_bytes + _TAIL_BYTES
        try:
            if needed > self._reached:
                self._reached = self._reach(needed)
            self._write(record)
        except OSError as problem:
            self._see_if_full(problem)
            raise self._no_room() from problem

    def _reach(self, needed: int) -> int:
        try:
            return self._space.reach(needed + _REACH_BYTES)
        except OSError as problem:
            if problem.errno not in FULL:
                raise
            return self._space.reach(needed)

    def _append_from_reserve(self, record: bytes, *, behind_bytes: int = 0) -> None:
        """Write one record that was owed, or, where it was not and there is no room, count it as unwritten.

        `behind_bytes` must stay free behind it, besides all the ends that are owed.
        """
        needed = self._size + len(record) + len(self._owed) * self._slim_bytes + behind_bytes
        for _ in range(
            2
        ):  # a full disk shows at the first try where there is a ballast, and is less full at the second
            if needed > self._reached:
                break
            try:
                self._write(record)
            except OSError as problem:
                self._see_if_full(problem)
            else:
                return
        self._unwritten += 1

    def _see_if_full(self, problem: OSError) -> None:
        """Remember that the disk is full and free the ballast; SetupError where it is something else."""
        if problem.errno not in FULL:
            raise SetupError(
                f"the journal of run {self.run_id} can't be written in {self.folder}: {problem.strerror}"
            ) from problem
        self._full = True
        self._space.free_ballast()

    def _write(self, record: bytes) -> None:
        written = os.write(self._descriptor, record)
        if written != len(record):
            os.ftruncate(self._descriptor, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written
        self._sync.wrote()

    def _no_room(self) -> JournalFullError:
        return JournalFullError(
            f"the disk under {self.folder} is full: no further node is started; free space, then "
            f"`aifctl runs resume {self.run_id}` does the rest"
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def open_journal(
    state: StateDir, plan: RunPlan, *, clock: Clock, sync: Callable[[int], None] = os.fdatasync
) -> Journal:
    """Make the journal of a new run: locked, room reserved, its head on the disk.

    Raises:
        BusyError: another process writes this run.
        JournalFullError: the disk has no room for a run of this size; nothing is left behind.
        SetupError: the run has a journal already, or the state directory can't be written.
    """
    folder = state.folder(RUNS, plan.run_id, OUTPUT).parent
    path = folder / JOURNAL
    try:
        descriptor = state.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
    except FileExistsError as problem:
        raise _taken(path, plan.run_id) from problem
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # waits at most for a reader that is looking whether we live
        journal = Journal(state=state, plan=plan, clock=clock, descriptor=descriptor, sync=sync)
        journal.write_head(plan)
        sync(descriptor)
        for one in (folder, folder.parent):
            sync_folder(one)
    except OSError as problem:
        os.close(descriptor)
        _remove(path)
        raise _unwritable(folder, problem) from problem
    return journal


def _taken(path: Path, run_id: str) -> SetupError | BusyError:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return BusyError(f"run {run_id} is being written by another process; a new run gets an id of its own")
    finally:
        os.close(descriptor)
    return SetupError(
        f"run {run_id} has a journal already; a journal is never continued, `aifctl runs resume` makes a new run"
    )


def _unwritable(folder: Path, problem: OSError) -> SetupError:
    if problem.errno in FULL:
        return JournalFullError(
            f"the disk under {folder} has no room for this run's journal; free space or name another with --state-dir"
        )
    return SetupError(f"the journal can't be made in {folder}: {problem.strerror}; name another with --state-dir")


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
        (path.parent / OUTPUT).rmdir()
        path.parent.rmdir()
