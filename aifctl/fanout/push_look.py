"""What a push would have to do on one node: found by looking alone."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fanout.manifest import Entry, Manifest
from aifctl.fanout.remote_hashes import remote_hashes
from aifctl.ports.transport import Link, RemoteFiles, RemoteStat
from aifctl.ports.work import Desk


@dataclass(slots=True)
class Steps:
    """What has to be done on one node, in this order."""

    dirs: list[tuple[str, int]] = field(default_factory=list)
    files: list[tuple[str, Entry]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    modes: list[tuple[str, int]] = field(default_factory=list)
    doomed: list[tuple[str, bool]] = field(default_factory=list)  # (path, is a directory), innermost first
    same: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.dirs or self.files or self.links or self.modes or self.doomed)


class PushLook:
    """Compares a manifest with what lies at DEST. Links below DEST are compared, never followed."""

    def __init__(
        self,
        manifest: Manifest,
        dest: str,
        *,
        mode: int | None,
        delete: bool,
        timeout_s: float | None,
        link: Link,
        files: RemoteFiles,
        desk: Desk,
    ) -> None:
        self._manifest, self._dest, self._mode, self._delete = manifest, dest, mode, delete
        self._timeout_s, self._link, self._files, self._desk = timeout_s, link, files, desk
        self._steps = Steps()

    async def steps(self) -> Steps:
        """Return what has to be done on this node; NodeError exit where something stands in the way."""
        base = self._dest.rstrip("/") or "/"
        if not self._manifest.is_tree:
            await self._look_at_file(base)
            return self._steps
        there = await self._stat_tree_root(base)
        held = await self._list(base) if there else {}
        candidates: list[tuple[str, Entry]] = []
        for entry in self._manifest.entries:
            self._compare(base, entry, held.get(entry.path), candidates, exists=there)
        await self._hash(candidates)
        if self._delete:
            self._doom(base, held)
        return self._steps

    async def _look_at_file(self, base: str) -> None:
        (entry,) = self._manifest.entries
        there = await self._files.stat(base)
        into = self._dest.endswith("/") or (there is not None and there.kind == "dir")
        if not into and there is not None and there.kind == "link":
            into = await self._leads_to_a_folder(base)
        if into:
            base = posixpath.join(base, posixpath.basename(self._manifest.root))
            there = await self._files.stat(base)
        candidates: list[tuple[str, Entry]] = []
        self._compare(base, entry, there, candidates, exists=True)
        await self._hash(candidates)

    async def _leads_to_a_folder(self, path: str) -> bool:
        """Whether a link at DEST itself leads to a directory: /opt/tool → /opt/tool-1.2 means into it, as cp takes it."""
        there = await self._files.stat(posixpath.join(path, "."))
        return there is not None and there.kind == "dir"

    async def _stat_tree_root(self, base: str) -> bool:
        there = await self._files.stat(base)
        if there is None:
            return False
        if there.kind == "dir" or (there.kind == "link" and await self._leads_to_a_folder(base)):
            return True
        raise NodeError(Outcome.EXIT, f"{base} is a {there.kind}, not a directory: remove it or name another DEST")

    async def _list(self, base: str) -> dict[str, RemoteStat]:
        """Return all below `base` by relative path; directories that the source lacks are only entered to be deleted."""
        wanted = {entry.path for entry in self._manifest.entries if entry.kind == "dir"}
        held: dict[str, RemoteStat] = {}
        pending = [""]
        while pending:
            heed(self._desk)
            below = pending.pop()
            for name, stat in await self._files.entries(posixpath.join(base, below)):
                if not _is_name(name):
                    raise NodeError(Outcome.UNREADABLE, f"the node lists a file named {name!r}, which no file can be")
                path = posixpath.join(below, name)
                held[path] = stat
                if stat.kind == "dir" and (path in wanted or self._delete):
                    pending.append(path)
        return held

    def _compare(
        self,
        base: str,
        entry: Entry,
        there: RemoteStat | None,
        candidates: list[tuple[str, Entry]],
        *,
        exists: bool,
    ) -> None:
        path = posixpath.join(base, entry.path) if entry.path else base
        if entry.kind == "dir":
            self._compare_dir(path, entry, there, exists=exists)
        elif there is not None and there.kind == "dir":
            raise NodeError(Outcome.EXIT, f"{path} is a directory there and a {entry.kind} here: remove it first")
        elif entry.kind == "link":
            if there is not None and there.kind == "link":
                candidates.append((path, entry))
            else:
                self._steps.links.append((path, entry.to))
        elif there is not None and there.kind == "file" and there.size_bytes == entry.size_bytes:
            candidates.append((path, entry))
            if there.mode != mode_of(entry, self._mode):
                self._steps.modes.append((path, mode_of(entry, self._mode)))
        else:
            self._steps.files.append((path, entry))

    def _compare_dir(self, path: str, entry: Entry, there: RemoteStat | None, *, exists: bool) -> None:
        if not entry.path:
            if not exists:
                self._steps.dirs.append((path, entry.mode))
        elif there is None:
            self._steps.dirs.append((path, entry.mode))
        elif there.kind != "dir":
            raise NodeError(Outcome.EXIT, f"{path} is a {there.kind} there and a directory here: remove it first")
        elif there.mode != entry.mode:
            self._steps.modes.append((path, entry.mode))

    async def _hash(self, candidates: Sequence[tuple[str, Entry]]) -> None:
        """Sort out what is the same already."""
        digests = await remote_hashes(
            self._link,
            self._files,
            [path for path, entry in candidates if entry.kind == "file"],
            timeout_s=self._timeout_s,
        )
        for path, entry in candidates:
            if entry.kind == "link":
                same = await self._files.read_link(path) == entry.to
            else:
                same = digests[path] == entry.sha256
            if same:
                self._steps.same.append(path)
            elif entry.kind == "link":
                self._steps.links.append((path, entry.to))
            else:
                self._steps.files.append((path, entry))
        written = {path for path, _ in self._steps.files}
        self._steps.modes = [each for each in self._steps.modes if each[0] not in written]

    def _doom(self, base: str, held: dict[str, RemoteStat]) -> None:
        kept = {entry.path for entry in self._manifest.entries}
        for path in sorted(held, key=lambda each: (-each.count("/"), each)):
            if path not in kept:
                self._steps.doomed.append((posixpath.join(base, path), held[path].kind == "dir"))


def mode_of(entry: Entry, mode: int | None) -> int:
    """Return the permission bits that a file is to have: `mode` where one is asked for."""
    return entry.mode if mode is None else mode


def heed(desk: Desk) -> None:
    """End here where the run is ending: NodeError cancelled."""
    if desk.halted():
        raise NodeError(Outcome.CANCELLED, "ended; what is in place is whole")


def _is_name(name: str) -> bool:
    return name not in {"", ".", ".."} and "/" not in name and "\0" not in name
