"""A node's file system in memory, with the few commands that copying uses; set up to fail where a test wants."""

from __future__ import annotations

import hashlib
import posixpath
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Command, RemoteStat

_CHUNK_BYTES = 4096


@dataclass
class Entry:
    """A file, directory, link or other thing."""

    kind: str = "file"
    data: bytes = b""
    mode: int = 0o644
    to: str = ""
    owner: str = "root:root"


@dataclass(frozen=True)
class Ran:
    stdout: bytes = b""
    rc: int = 0


@dataclass
class FakeFiles:
    """Implements ports.transport.RemoteFiles.

    Attributes:
        tree: everything there is, by absolute path.
        has_sha256sum: whether the node can hash by itself.
        refuses: paths that can't be written.
        lies: extra names that `entries` claims a directory holds, as a hostile node would.
        calls: every operation and its path, in order.
    """

    tree: dict[str, Entry] = field(default_factory=lambda: {"/": Entry(kind="dir", mode=0o755)})
    has_sha256sum: bool = True
    refuses: frozenset[str] = frozenset()
    lies: dict[str, list[tuple[str, RemoteStat]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def put(self, path: str, data: bytes = b"", *, kind: str = "file", mode: int = 0o644, to: str = "") -> None:
        """Lay something down, with the directories above it."""
        above = posixpath.dirname(path)
        if above not in self.tree:
            self.put(above, kind="dir", mode=0o755)
        self.tree[path] = Entry(kind=kind, data=data, mode=mode, to=to)

    def execute(self, command: Command) -> Ran | None:
        """Run a command that copying uses; None for any other."""
        self.lines.append(command.line)
        paths = [path.decode("utf-8", "surrogateescape") for path in command.stdin.split(b"\0") if path]
        if "sha256sum" in command.line:
            return self._hash(paths)
        if "chown" in command.line:
            owner = shlex.split(command.line)[-1]
            for path in paths:
                self.tree[path].owner = owner
            return Ran()
        return None

    async def stat(self, path: str) -> RemoteStat | None:
        self.calls.append(("stat", path))
        entry = self.tree.get(path.rstrip("/") or "/")
        return stat_of(entry) if entry else None

    async def entries(self, path: str) -> list[tuple[str, RemoteStat]]:
        self.calls.append(("entries", path))
        self._there(path)
        base = path.rstrip("/")
        found = [
            (posixpath.basename(each), stat_of(entry))
            for each, entry in self.tree.items()
            if posixpath.dirname(each) == (base or "/") and each != "/"
        ]
        return found + self.lies.get(path, [])

    async def read_link(self, path: str) -> str:
        return self._there(path).to

    async def make_link(self, path: str, *, to: str) -> None:
        self._change("make_link", path)
        self.tree[path] = Entry(kind="link", to=to)

    async def read(self, path: str) -> AsyncIterator[bytes]:
        self.calls.append(("read", path))
        data = self._there(path).data
        for start in range(0, len(data), _CHUNK_BYTES):
            yield data[start : start + _CHUNK_BYTES]

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int) -> None:
        self._change("write", path)
        entry = self.tree[path] = Entry(mode=mode & 0o700)
        async for chunk in chunks:
            entry.data += chunk
        entry.mode = mode

    async def rename(self, path: str, to: str) -> None:
        self._change("rename", to)
        self._there(path)
        self.tree[to] = self.tree.pop(path)

    async def remove(self, path: str) -> None:
        self._change("remove", path)
        self._there(path)
        del self.tree[path]

    async def make_dir(self, path: str, *, mode: int) -> None:
        self._change("make_dir", path)
        self.tree[path] = Entry(kind="dir", mode=mode)

    async def remove_dir(self, path: str) -> None:
        self._change("remove_dir", path)
        self._there(path)
        if any(posixpath.dirname(each) == path for each in self.tree):
            raise NodeError(Outcome.PROTOCOL, f"{path}: Directory not empty")
        del self.tree[path]

    async def set_mode(self, path: str, mode: int) -> None:
        self._change("set_mode", path)
        self._there(path).mode = mode

    def _change(self, what: str, path: str) -> None:
        self.calls.append((what, path))
        if path in self.refuses:
            raise NodeError(Outcome.PROTOCOL, f"{path}: Permission denied")
        above = self.tree.get(posixpath.dirname(path))
        if above is None:
            raise NodeError(Outcome.PROTOCOL, f"{path}: No such file or directory")

    def _there(self, path: str) -> Entry:
        entry = self.tree.get(path.rstrip("/") or "/")
        if entry is None:
            raise NodeError(Outcome.PROTOCOL, f"{path}: No such file or directory")
        return entry

    def _hash(self, paths: list[str]) -> Ran:
        if not self.has_sha256sum:
            return Ran(rc=127)
        lines = []
        for path in paths:
            digest = hashlib.sha256(self.tree[path].data).hexdigest()
            escaped = path.replace("\\", "\\\\").replace("\n", "\\n")
            lines.append(f"{chr(92) if escaped != path else ''}{digest}  {escaped}\n")
        return Ran(stdout="".join(lines).encode("utf-8", "surrogateescape"))


def stat_of(entry: Entry) -> RemoteStat:
    """Return what `stat` says of an entry."""
    return RemoteStat(kind=entry.kind, size_bytes=len(entry.data), mode=entry.mode, uid=0, gid=0, mtime_s=0.0)
