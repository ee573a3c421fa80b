"""A node's file system: a tree in memory, bounded, with the errors a real one gives."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aifctl.sim.node.contents import Contents, Pool

_MOST_LINKS = 20
_LONGEST_NAME, _LONGEST_PATH = 255, 4096
_MOST_ENTRIES = 100_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """What any file, directory, link or device has. `mtime_s` is in seconds since the epoch."""

    mode: int
    uid: int = 0
    gid: int = 0
    mtime_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class File(Entry):
    contents: Contents


@dataclass(slots=True, kw_only=True)
class Generated(Entry):
    """A file as in /proc: its bytes are made when it is read, writes vanish."""

    make: Callable[[], bytes]


@dataclass(slots=True, kw_only=True)
class Device(Entry):
    """`name` is null, zero, urandom or full."""

    name: str


@dataclass(slots=True, kw_only=True)
class Link(Entry):
    target: str


@dataclass(slots=True, kw_only=True)
class Directory(Entry):
    entries: dict[str, Entry] = field(default_factory=dict)


class Disk:
    """Paths are absolute; OSError with the errno a kernel would give.

    Attributes:
        full: nothing more can be written, however empty it is.
        used_bytes: what its files hold.
    """

    def __init__(self, *, pool: Pool, size_bytes: int, now_s: Callable[[], float]) -> None:
        self.root = Directory(mode=0o755)
        self.size_bytes, self.full = size_bytes, False
        self._pool, self._now_s = pool, now_s
        self.used_bytes = 0
        self._entries_count = 0

    def find(self, path: str, *, follow: bool = True) -> Entry:
        """Return what lies at a path; `follow`: a link at its end is followed."""
        return self._find(path, follow, _MOST_LINKS)

    def lookup(self, path: str, *, follow: bool = True) -> Entry | None:
        """Return what lies at a path, or None."""
        try:
            return self.find(path, follow=follow)
        except OSError:
            return None

    def directory(self, path: str) -> Directory:
        entry = self.find(path)
        if not isinstance(entry, Directory):
            raise refusal(errno.ENOTDIR, path)
        return entry

    def add(self, path: str, entry: Entry) -> None:
        """Put an entry at a path whose directory exists, in place of what was there."""
        parent, name = self._parent(path)
        if len(os.fsencode(name)) > _LONGEST_NAME:
            raise refusal(errno.ENAMETOOLONG, path)
        if name in parent.entries:
            self._drop(parent, name)
        if self._entries_count >= _MOST_ENTRIES:
            raise refusal(errno.ENOSPC, path)
        self._entries_count += 1
        self.used_bytes += _size(entry)
        parent.entries[name] = entry
        parent.mtime_s = self._now_s()

    def make_dir(self, path: str, *, mode: int = 0o755, uid: int = 0) -> Directory:
        if self.lookup(path, follow=False) is not None:
            raise refusal(errno.EEXIST, path)
        self._check_room(path)
        made = Directory(mode=mode, uid=uid, gid=uid, mtime_s=self._now_s())
        self.add(path, made)
        return made

    def open_file(self, path: str, *, truncate: bool, mode: int = 0o644, uid: int = 0) -> File | Generated | Device:
        """Return the file at a path for writing, made where it is missing."""
        path = self.resolve(path)
        entry = self.lookup(path)
        if entry is None:
            self._check_room(path)
            made = File(mode=mode, uid=uid, gid=uid, mtime_s=self._now_s(), contents=self._pool.new())
            self.add(path, made)
            return made
        if isinstance(entry, Directory):
            raise refusal(errno.EISDIR, path)
        if truncate:
            self.truncate(entry, 0)
        return entry  # type: ignore[return-value]  # find has followed every link

    def write(self, entry: Entry, data: bytes, offset: int | None = None) -> None:
        """Write at an offset, None for the end; ENOSPC where the disk or this machine's memory has no room."""
        if isinstance(entry, Device) and entry.name == "full":
            raise refusal(errno.ENOSPC)
        if not isinstance(entry, File):
            return
        start = len(entry.contents) if offset is None else offset
        self._grow(entry, start + len(data))
        entry.contents.write(start, data)
        entry.mtime_s = self._now_s()

    def truncate(self, entry: Entry, size_bytes: int) -> None:
        """Cut a file or fill it with zeros."""
        if isinstance(entry, File):
            if size_bytes > len(entry.contents):
                self._grow(entry, size_bytes)
            else:
                self.used_bytes -= len(entry.contents) - size_bytes
            entry.contents.truncate(size_bytes)
            entry.mtime_s = self._now_s()

    def remove(self, path: str) -> None:
        parent, name = self._parent(path)
        entry = parent.entries.get(name)
        if entry is None:
            raise refusal(errno.ENOENT, path)
        if isinstance(entry, Directory):
            raise refusal(errno.EISDIR, path)
        self._drop(parent, name)

    def remove_dir(self, path: str) -> None:
        if not isinstance(self.find(path, follow=False), Directory):
            raise refusal(errno.ENOTDIR, path)
        if self.directory(path).entries:
            raise refusal(errno.ENOTEMPTY, path)
        parent, name = self._parent(path)
        self._drop(parent, name)

    def remove_tree(self, path: str) -> None:
        """Remove whatever lies at a path, with all below it."""
        for below, entry in reversed(list(self.walk(path))):
            (self.remove_dir if isinstance(entry, Directory) else self.remove)(below)

    def rename(self, path: str, to: str) -> None:
        if posixpath.normpath(path) == posixpath.normpath(to):
            return
        entry = self.find(path, follow=False)
        there = self.lookup(to, follow=False)
        if isinstance(there, Directory) and not isinstance(entry, Directory):
            raise refusal(errno.EISDIR, to)
        if isinstance(there, Directory) and there.entries:
            raise refusal(errno.ENOTEMPTY, to)
        if isinstance(entry, Directory) and f"{to}/".startswith(f"{path}/"):
            raise refusal(errno.EINVAL, to)
        self._parent(to)
        parent, name = self._parent(path)
        self._drop(parent, name)
        self.add(to, entry)

    def walk(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Yield a path and all below it, parents first, names in order."""
        waiting = [(path, self.find(path, follow=False))]
        while waiting:
            at, entry = waiting.pop()
            yield at, entry
            if isinstance(entry, Directory):
                below = sorted(entry.entries.items(), reverse=True)
                waiting += [(posixpath.join(at, name), child) for name, child in below]

    def resolve(self, path: str) -> str:
        """Return the path that a final link leads to."""
        for _ in range(_MOST_LINKS):
            entry = self.lookup(path, follow=False)
            if not isinstance(entry, Link):
                return path
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target))
        raise refusal(errno.ELOOP, path)

    def read(self, entry: Entry, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes`; a device gives as many as are asked for."""
        if isinstance(entry, File):
            return entry.contents.read(offset, size_bytes)
        if isinstance(entry, Generated):
            return entry.make()[offset : offset + size_bytes]
        if isinstance(entry, Device):
            return _device_bytes(entry, size_bytes)
        raise refusal(errno.EISDIR)

    def _find(self, path: str, follow: bool, links_left: int) -> Entry:
        if not links_left:
            raise refusal(errno.ELOOP, path)
        if len(path) > _LONGEST_PATH:
            raise refusal(errno.ENAMETOOLONG, path[:40])
        at: Entry = self.root
        parts = [part for part in posixpath.normpath(path).split("/") if part]
        for depth, part in enumerate(parts):
            if not isinstance(at, Directory):
                raise refusal(errno.ENOTDIR, path)
            found = at.entries.get(part)
            if found is None:
                raise refusal(errno.ENOENT, path)
            if isinstance(found, Link) and (follow or depth < len(parts) - 1):
                base = "/" + "/".join(parts[:depth])
                found = self._find(posixpath.normpath(posixpath.join(base, found.target)), True, links_left - 1)
            at = found
        return at

    def _parent(self, path: str) -> tuple[Directory, str]:
        path = posixpath.normpath(path)
        name = posixpath.basename(path)
        if not name:
            raise refusal(errno.EBUSY, path)
        return self.directory(posixpath.dirname(path)), name

    def _grow(self, entry: File, size_bytes: int) -> None:
        growth = max(0, size_bytes - len(entry.contents))
        if self.full or (growth and self.used_bytes + growth > self.size_bytes):
            raise refusal(errno.ENOSPC)
        self.used_bytes += growth

    def _drop(self, parent: Directory, name: str) -> None:
        self.used_bytes -= _size(parent.entries.pop(name))
        parent.mtime_s = self._now_s()
        self._entries_count -= 1

    def _check_room(self, path: str) -> None:
        if self.full:
            raise refusal(errno.ENOSPC, path)


def _size(entry: Entry) -> int:
    return len(entry.contents) if isinstance(entry, File) else 0


def _device_bytes(device: Device, size_bytes: int) -> bytes:
    if device.name == "urandom":
        return os.urandom(size_bytes)
    return b"" if device.name == "null" else bytes(size_bytes)


def refusal(number: int, path: str = "") -> OSError:
    """Return what the kernel would raise."""
    return OSError(number, os.strerror(number), path)
