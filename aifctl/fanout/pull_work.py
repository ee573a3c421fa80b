"""The work of `pull`: a file or a tree of each node, into a folder of that node's own.

What a node says is data: names that lead elsewhere are left out and counted, links that lead out are left out, and
counts and sizes have caps, because a node can list files for ever.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.fanout.local_tree import LocalTree, local_name
from aifctl.fanout.remote_hashes import refused, remote_hashes
from aifctl.fanout.safe_names import safe_name
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Link, RemoteFiles, RemoteStat
from aifctl.ports.work import Desk, NodeResult

_MOST_LISTED = 20
_MOST_DEPTH = 64

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullWork:
    """Copy `source` of each node to FOLDER/NODE/NAME, NAME being its last part.

    Attributes:
        folder: absolute; node names become folder names (safe_name).
        most_files, most_bytes: per node; a node with more is `local`, and what came before is kept.
        timeout_s: for the whole work on one node; None waits for ever.
    """

    source: str
    folder: str
    most_files: int = 100_000
    most_bytes: int = 10 << 30
    timeout_s: float | None = 300.0

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Pull from one node; NodeError exit where the node has no such file or refuses it."""
        pull = _Pull(self, endpoint.name, link, desk)
        await desk.about_to_start()
        try:
            async with asyncio.timeout(self.timeout_s):
                await pull.run()
        except TimeoutError as problem:
            raise NodeError(Outcome.TIMEOUT, f"not done within {self.timeout_s:g} s; whole files stay") from problem
        except NodeError as problem:
            raise refused(problem) from problem
        started_at, duration_s = desk.timing()
        return NodeResult(
            node=endpoint.name,
            outcome=Outcome.OK,
            rc=0,
            started_at=started_at,
            duration_s=duration_s,
            message=pull.remark(),
            detail=pull.detail(),
        )


@dataclass(slots=True)
class _Found:
    """What lies below the source: (remote path, local path, stat) per file, (remote, local) per link."""

    files: list[tuple[str, _Path, RemoteStat]] = field(default_factory=list)
    links: list[tuple[str, _Path]] = field(default_factory=list)
    dirs: list[_Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def count(self) -> int:
        return len(self.files) + len(self.links) + len(self.dirs) + len(self.left_out)


class _Pull:
    """One node's pull."""

    def __init__(self, work: PullWork, node: str, link: Link, desk: Desk) -> None:
        self._work, self._link, self._desk = work, link, desk
        self._tree = LocalTree(Path(work.folder, safe_name(node)))
        self._files: RemoteFiles
        self._found = _Found()
        self._written = self._same = self._bytes = 0

    async def run(self) -> None:
        self._files = await self._link.open_files()
        await self._look()
        for path in self._found.dirs:
            self._tree.make_dir(path)
        for remote, local, stat in await self._wanted():
            self._heed()
            self._bytes += await self._tree.write(
                local, self._read(remote), mode=stat.mode if stat.kind == "file" else 0o644
            )
            self._written += 1
        for remote, local in self._found.links:
            to = await self._files.read_link(remote)
            if self._tree.has_link(local, to):
                self._same += 1
            elif self._tree.make_link(local, to):
                self._written += 1
            else:
                self._found.left_out.append(remote)

    def detail(self) -> dict[str, Any]:
        return {
            "written_count": self._written,
            "skipped_count": self._same,
            "deleted_count": 0,
            "bytes_count": self._bytes,
            "left_out_count": len(self._found.left_out),
            "left_out": [printable(path) for path in self._found.left_out[:_MOST_LISTED]],
        }

    def remark(self) -> str:
        count = len(self._found.left_out)
        return f"{count} left out: names or links that lead elsewhere, devices, sockets or pipes" if count else ""

    # Looking

    async def _look(self) -> None:
        source = self._work.source.rstrip("/") or "/"
        stat = await self._files.stat(source)
        if stat is not None and stat.kind == "link":  # the source itself is followed, as the operator named it
            stat = await self._files.stat(posixpath.join(source, ".")) or stat
        if stat is None:
            raise NodeError(Outcome.EXIT, f"{printable(source)}: no such file or directory")
        name = local_name(posixpath.basename(source))
        top: _Path = (name,) if name else ()
        if stat.kind == "dir":
            await self._look_below(source, top)
        elif stat.kind in {"file", "link"}:
            self._found.files.append((source, top, stat))
        else:
            raise NodeError(Outcome.EXIT, f"{printable(source)} is neither a file nor a directory")

    async def _look_below(self, source: str, top: _Path) -> None:
        pending: list[tuple[str, _Path]] = [(source, top)]
        while pending:
            self._heed()
            remote, local = pending.pop()
            if local:
                self._found.dirs.append(local)
            for name, stat in await self._files.entries(remote):
                self._take(posixpath.join(remote, name), local, name, stat, pending)

    def _take(self, remote: str, folder: _Path, name: str, stat: RemoteStat, pending: list[tuple[str, _Path]]) -> None:
        if self._found.count() + len(pending) >= self._work.most_files:
            raise NodeError(
                Outcome.LOCAL,
                f"more than {self._work.most_files} files: nothing was copied; raise --max-files or name less",
            )
        plain = local_name(name)
        local = (*folder, plain or "")
        if plain is None or len(local) > _MOST_DEPTH:
            self._found.left_out.append(remote)
        elif stat.kind == "dir":
            pending.append((remote, local))
        elif stat.kind == "file":
            self._found.files.append((remote, local, stat))
        elif stat.kind == "link":
            self._found.links.append((remote, local))
        else:
            self._found.left_out.append(remote)

    async def _wanted(self) -> list[tuple[str, _Path, RemoteStat]]:
        """Return the files that are not here yet, byte for byte."""
        here = {
            remote: digest
            for remote, local, stat in self._found.files
            if (digest := self._tree.sha256(local, size_bytes=stat.size_bytes)) is not None
        }
        there = await remote_hashes(self._link, self._files, list(here), timeout_s=self._work.timeout_s)
        same = {remote for remote, digest in here.items() if there[remote] == digest}
        self._same = len(same)
        return [each for each in self._found.files if each[0] not in same]

    async def _read(self, remote: str) -> AsyncIterator[bytes]:
        came = self._bytes
        async for chunk in self._files.read(remote):
            self._heed()
            came += len(chunk)
            if came > self._work.most_bytes:
                raise NodeError(
                    Outcome.LOCAL, f"more than {self._work.most_bytes} bytes: stopped; raise --max-bytes or name less"
                )
            yield chunk

    def _heed(self) -> None:
        if self._desk.halted():
            raise NodeError(Outcome.CANCELLED, "ended; whole files stay")
