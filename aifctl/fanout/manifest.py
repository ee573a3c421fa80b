"""What is to be pushed: read once, with a digest per file, before any node is asked."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aifctl.core.errors import NodeError, UsageError
from aifctl.core.outcome import Outcome

CHUNK_BYTES = 128 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing of the source tree.

    Attributes:
        path: relative to the source, "" for the source itself; parents come before what they hold.
        kind: file, dir or link.
        to: what a link points to, as it stands.
    """

    path: str
    kind: str
    mode: int = 0
    size_bytes: int = 0
    sha256: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A source file or tree, picklable; `root` is absolute."""

    root: str
    entries: tuple[Entry, ...]

    @property
    def is_tree(self) -> bool:
        """Whether a directory is pushed."""
        return self.entries[0].kind == "dir"

    def local(self, entry: Entry) -> Path:
        """Return where an entry lies on this machine."""
        return Path(self.root, entry.path) if entry.path else Path(self.root)


def read_manifest(source: Path) -> Manifest:
    """Read a file or a directory tree; links inside are kept as links, the source itself is followed.

    Raises:
        UsageError: it is missing, can't be read, or holds what can't be copied (sockets, devices, pipes).
    """
    root = source.resolve()
    try:
        kind = root.stat().st_mode
        if not stat.S_ISDIR(kind):
            return Manifest(root=str(root), entries=(_entry(root, "", kind),))
        entries = [Entry(path="", kind="dir", mode=stat.S_IMODE(kind)), *_walk(root, "")]
    except OSError as problem:
        raise UsageError(f"{problem.filename or source} can't be pushed: {problem.strerror}") from problem
    return Manifest(root=str(root), entries=tuple(entries))


def chunks_of(manifest: Manifest, entry: Entry) -> Iterator[bytes]:
    """Yield a file in pieces; NodeError local, at its end at the latest, where it is not what the manifest says."""
    path = manifest.local(entry)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK_BYTES):
                digest.update(data)
                size += len(data)
                if size > entry.size_bytes:
                    raise _changed(path)
                yield data
    except OSError as problem:
        raise NodeError(Outcome.LOCAL, f"{path} can't be read: {problem.strerror}") from problem
    if digest.hexdigest() != entry.sha256:
        raise _changed(path)


def _changed(path: Path) -> NodeError:
    return NodeError(Outcome.LOCAL, f"{path} changed while it was pushed: nothing was put in place; push it again")


def _walk(root: Path, below: str) -> Iterator[Entry]:
    with os.scandir(root / below) as found:
        names = sorted(each.name for each in found)
    for name in names:
        path = f"{below}/{name}" if below else name
        mode = os.lstat(root / path).st_mode
        yield _entry(root / path, path, mode)
        if stat.S_ISDIR(mode):
            yield from _walk(root, path)


def _entry(path: Path, relative: str, mode: int) -> Entry:
    permissions = stat.S_IMODE(mode)
    if stat.S_ISLNK(mode):
        return Entry(path=relative, kind="link", to=str(path.readlink()))
    if stat.S_ISDIR(mode):
        return Entry(path=relative, kind="dir", mode=permissions)
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is neither a file nor a directory nor a link: it can't be pushed")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return Entry(path=relative, kind="file", mode=permissions, size_bytes=size, sha256=digest)
