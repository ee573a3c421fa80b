"""Takes what nodes print, byte-exact and bounded: little stays in memory, much goes to files, all of it is counted."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from aifctl.fanout.live_lines import LineSplitter, Live
from aifctl.fanout.plan import Keeping
from aifctl.fanout.safe_names import safe_name
from aifctl.ports.work import Output

#: A file is opened once for this much and closed again, so that 256 flooding nodes hold no descriptors.
_CHUNK_BYTES = 32 << 10
_SUFFIX = {"stdout": "out", "stderr": "err"}
_EMPTY = Output()
_serial = itertools.count()


class Keeper:
    """What all captures of one process share.

    Attributes:
        keeping: the plan's caps; `outdir` is absolute and exists.
        folder: where streams go that are larger than `inline_bytes`, named by the SHA-256 of what they hold, so that
            equal ones are kept once.
        live: takes complete lines as they come; None where nobody watches.
        full: told, once per stream, the sentence that says why output can't be kept.
    """

    __slots__ = ("folder", "full", "keeping", "live")

    def __init__(self, *, keeping: Keeping, folder: Path, live: Live | None, full: Callable[[str], None]) -> None:
        self.keeping, self.folder, self.live, self.full = keeping, folder, live, full


class StreamCapture:
    """One stream of one node.

    `write` never raises: it is called from within the connection, where an exception would take the link down and turn
    our full disk into the node's failure. `problem` holds what went wrong; bytes are counted and hashed all the same.
    """

    __slots__ = ("_count", "_finished", "_hash", "_inline", "_keeper", "_kept", "_lines", "_out", "_spill", "problem")

    def __init__(self, keeper: Keeper, node: str, stream: str) -> None:
        self.problem = ""
        self._keeper = keeper
        self._finished: Output | None = None
        self._count = self._kept = 0
        self._hash: hashlib._Hash | None = None
        self._inline = b""
        self._spill: _Spill | None = None
        self._out: _Spill | None = None
        self._lines = LineSplitter(keeper.live, node, stream) if keeper.live else None
        if keeper.keeping.outdir is not None:
            self._out = _Spill(Path(keeper.keeping.outdir, f"{safe_name(node)}.{_SUFFIX.get(stream, stream)}"))

    def write(self, data: bytes) -> None:
        """Take some bytes."""
        self._count += len(data)
        if self._hash is None:
            self._hash = hashlib.sha256(data)
        else:
            self._hash.update(data)
        if self._lines:
            self._lines.feed(data)
        if self._out:
            self._guarded(self._out, data)
        room = self._keeper.keeping.cap_bytes - self._kept
        if room > 0:
            self._keep(data if len(data) <= room else data[:room])

    def finish(self) -> Output:
        """Return what became of the stream; nothing may be written afterwards. Again: the same."""
        if self._finished is None:
            self._finished = self._finish()
        return self._finished

    def _finish(self) -> Output:
        if self._lines:
            self._lines.finish()
        if self._out:
            self._close(self._out)
        if self._hash is None:
            return _EMPTY
        digest = self._hash.hexdigest()
        truncated = self._kept < self._count
        if self._spill is None:
            return Output(inline=self._inline, bytes_count=self._count, truncated=truncated, sha256=digest)
        path = self._keeper.folder / (f"{digest}.{self._kept}" if truncated else digest)
        if not self._close(self._spill, path):
            return Output(inline=b"", bytes_count=self._count, truncated=True, sha256=digest)
        return Output(inline=None, path=str(path), bytes_count=self._count, truncated=truncated, sha256=digest)

    def _keep(self, data: bytes) -> None:
        self._kept += len(data)
        if self._spill is None:
            if self._kept <= self._keeper.keeping.inline_bytes:
                self._inline = self._inline + data if self._inline else bytes(data)
                return
            self._spill = _Spill(self._keeper.folder / f"tmp-{os.getpid()}-{next(_serial)}")
            self._spill.pending, self._inline = bytearray(self._inline), b""
        self._guarded(self._spill, data)

    def _guarded(self, spill: _Spill, data: bytes) -> None:
        if not self.problem:
            try:
                spill.add(data)
            except OSError as problem:
                self._fail(spill, problem)

    def _close(self, spill: _Spill, path: Path | None = None) -> bool:
        if not self.problem:
            try:
                spill.close(path)
            except OSError as problem:
                self._fail(spill, problem)
        if self.problem and path is not None:
            spill.discard()
        return not self.problem

    def _fail(self, spill: _Spill, problem: OSError) -> None:
        self.problem = f"its output can't be kept in {spill.path.parent}: {problem.strerror}"
        spill.pending = bytearray()
        self._keeper.full(
            f"output can't be kept in {spill.path.parent}: {problem.strerror}; free space or name another"
        )


class _Spill:
    """A file that is written in large pieces and is open only while it is."""

    __slots__ = ("_flags", "path", "pending")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending = bytearray()
        self._flags = os.O_CREAT | os.O_TRUNC

    def add(self, data: bytes) -> None:
        self.pending += data
        if len(self.pending) >= _CHUNK_BYTES:
            self._flush()

    def close(self, path: Path | None) -> None:
        """Write the rest; with a `path`, give the file its name for good."""
        if self.pending or self._flags & os.O_CREAT:
            self._flush()
        if path is not None:
            self.path.replace(path)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_APPEND | self._flags, 0o600)
        try:
            self._flags = 0
            view = memoryview(self.pending)
            written = 0
            while written < len(view):
                written += os.write(descriptor, view[written:])
            view.release()
        finally:
            os.close(descriptor)
        self.pending = bytearray()
