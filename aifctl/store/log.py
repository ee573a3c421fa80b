"""The log beside the database: a folder of segments, `TIME-HOST-NUMBER.jsonl.gz`. It is the truth; the database is its index."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aifctl.core.errors import SetupError
from aifctl.core.process import control_host_word
from aifctl.core.state_dir import StateDir, sync_folder
from aifctl.store.segment import Segment, Sync, lock, log_error

SUFFIX = ".jsonl.gz"
#: What a database held at one moment, so that older segments may go (see snapshot).
SNAPSHOT_SUFFIX = ".snapshot.jsonl.gz"
#: A segment that is longer is not gone on with: files of a size that can be copied and looked into.
_ROLL_BYTES = 32 << 20
_HOST_ID = "host-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log of one database on this control host.

    Attributes:
        parts: its folder below the state directory, e.g. ("store", "log", "sqlite-1f…").
        sync: what puts a file on the disk.
    """

    state: StateDir
    parts: tuple[str, ...]
    sync: Sync = os.fdatasync
    roll_bytes: int = _ROLL_BYTES

    @property
    def folder(self) -> Path:
        return self.state.path.joinpath(*self.parts)

    def segments(self) -> list[Path]:
        """Return all segments, oldest first."""
        return segments_in(self.folder)

    def take(self, applied: Mapping[str, int] | None, *, at_s: float) -> Segment:
        """Return a segment to write, locked: the newest that nobody writes and that is applied to its end, or a new one.

        `applied` says up to where each is applied, by name; None: not known now, so none is gone on with.
        """
        for path in reversed(self.segments() if applied is not None else []):
            segment = self._reopen(path, (applied or {}).get(path.name, 0))
            if segment is not None:
                return segment
        return self._new(at_s, applied or {})

    def left_behind(self, applied: Mapping[str, int]) -> Iterator[Segment]:
        """Yield the segments, locked, that hold more than is applied and whose writers are gone; torn ends are cut off."""
        for path in self.segments():
            done = applied.get(path.name, 0)
            if size_of(path) > done:
                segment = self._lock(path, done)
                if segment is not None:
                    yield segment

    def drop(self, path: Path, covered: int) -> int:
        """Remove a segment that nobody writes and that is covered to its end; returns how many bytes are gone."""
        segment = self._lock(path, covered)
        if segment is None:
            return 0
        with closing(segment):
            if segment.size_bytes > covered:
                return 0
            path.unlink()
            return segment.size_bytes

    def _reopen(self, path: Path, applied: int) -> Segment | None:
        size = size_of(path)
        # Shorter than what is applied: somebody has cut it, and what is written there would count as applied.
        if size != applied or size >= self.roll_bytes:
            return None
        segment = self._lock(path, applied)
        if segment is not None and segment.size_bytes != applied:
            segment.close()
            return None
        return segment

    def _lock(self, path: Path, applied: int) -> Segment | None:
        """Return a segment whose writer is gone, cut to its last whole member; None where it has one, or was pruned."""
        try:
            descriptor = self.state.open_file(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise log_error(self.folder, problem) from problem
        try:
            # Between the two calls it may have been pruned: what is written to a file without a name is lost.
            if not lock(descriptor) or not os.fstat(descriptor).st_nlink:
                os.close(descriptor)
                return None
            segment = Segment(path, descriptor, os.fstat(descriptor).st_size, self.sync)
            if segment.size_bytes > applied:
                whole = segment.walk(applied).whole_bytes
                if whole < segment.size_bytes:
                    segment.cut(whole)
        except BaseException:
            os.close(descriptor)
            raise
        return segment

    def _new(self, at_s: float, applied: Mapping[str, int]) -> Segment:
        folder = self.state.folder(*self.parts)
        begun = datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y%m%dT%H%M%S")
        stem, number = f"{begun}-{self._host_id(folder)}", 0
        while True:
            path = folder / f"{stem}-{number:03d}{SUFFIX}"
            # Pruned, and the clock has been set back since: what had this name is applied, and so would what gets it be.
            if path.name in applied:
                number += 1
                continue
            try:
                descriptor = self.state.open_file(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            except FileExistsError:
                number += 1
                continue
            except OSError as problem:
                raise log_error(folder, problem) from problem
            if lock(descriptor):  # between the two calls somebody may have found it abandoned, and taken it
                sync_folder(folder)
                return Segment(path, descriptor, 0, self.sync)
            os.close(descriptor)
            number += 1

    def _host_id(self, folder: Path) -> str:
        """Return this control host's own id, made once: names of hosts are given again, and differ within containers."""
        path = folder / _HOST_ID
        host = control_host_word(socket.gethostname())
        try:
            descriptor = self.state.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return path.read_text("ascii").strip() or f"{host}_{secrets.token_hex(3)}"
        except OSError as problem:
            raise log_error(folder, problem) from problem
        made = f"{host}_{secrets.token_hex(3)}"
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(made)
        return made


def segments_in(folder: Path) -> list[Path]:
    """Return the segments of a log, oldest first; SetupError where they can't be listed."""
    return [path for path in _files_in(folder) if not path.name.endswith(SNAPSHOT_SUFFIX)]


def snapshots_in(folder: Path) -> list[Path]:
    """Return the snapshots beside the segments of a log, oldest first; SetupError where they can't be listed."""
    return [path for path in _files_in(folder) if path.name.endswith(SNAPSHOT_SUFFIX)]


def size_of(path: Path) -> int:
    """Return a segment's size; 0 for one that has been pruned since it was listed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise SetupError(f"the store's log {folder} can't be read: {problem.strerror}") from problem
