"""The work of `push`: a file or a tree on each node as it is here; what is there already is left alone.

Looking comes first and changes nothing: a link that dies by then leaves the node untouched. A file is written beside
its place and renamed over it, so a reader sees the old one or the new one. Nothing is ever written through a link
below DEST.
"""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import secrets
import shlex
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.fanout.manifest import Entry, Manifest, chunks_of
from aifctl.fanout.push_look import PushLook, Steps, heed, mode_of
from aifctl.fanout.remote_hashes import refused, shell_path
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, Link, RemoteFiles
from aifctl.ports.work import Desk, NodeResult

_MOST_LISTED = 20
_CLEAN_UP_S = 5.0
_OURS = 0o700  # what we need of a directory while we fill it


@dataclass(frozen=True, slots=True, kw_only=True)
class PushWork:
    """Make `dest` what the manifest's source is.

    A tree becomes `dest` itself, as `rsync SRC/ DEST/` does it, whether or not `dest` exists. A file goes to `dest`,
    or into it where it is a directory or ends in a slash. The directory above must exist.

    Attributes:
        mode: permission bits for files; None takes each file's own.
        owner: "user", "user:group" or ":group"; None leaves it to the login user.
        delete: remove what a tree at `dest` holds and the source lacks.
        dry_run: look, change nothing, and say what would change.
        timeout_s: for the whole work on one node; None waits for ever.
    """

    manifest: Manifest
    dest: str
    mode: int | None = None
    owner: str | None = None
    delete: bool = False
    dry_run: bool = False
    timeout_s: float | None = 300.0

    async def perform(self, endpoint: Endpoint, link: Link, desk: Desk) -> NodeResult:
        """Push to one node; NodeError exit for what the node refuses, lost where the link dies while it is changed."""
        push = _Push(self, link, desk)
        try:
            async with asyncio.timeout(self.timeout_s):
                await push.run()
        except TimeoutError as problem:
            raise NodeError(
                Outcome.TIMEOUT,
                f"not done within {self.timeout_s:g} s; what is in place is whole, the rest is as it was",
            ) from problem
        started_at, duration_s = desk.timing()
        return NodeResult(
            node=endpoint.name,
            outcome=Outcome.OK,
            rc=0,
            started_at=started_at,
            duration_s=duration_s,
            detail=push.detail(),
        )


class _Push:
    """One node's push."""

    def __init__(self, work: PushWork, link: Link, desk: Desk) -> None:
        self._work, self._link, self._desk = work, link, desk
        self._files: RemoteFiles
        self._steps = Steps()
        self._temps: dict[str, str] = {}  # what lies beside its place → that place
        self._bytes = 0

    async def run(self) -> None:
        self._files = await self._link.open_files()
        try:
            self._steps = await self._look().steps()
        except NodeError as problem:
            if problem.outcome is Outcome.LOST:
                raise NodeError(Outcome.PROTOCOL, f"{problem.message}; nothing was changed") from problem
            raise refused(problem) from problem
        if self._work.dry_run or not (self._steps or self._work.owner):
            return
        await self._desk.about_to_start()
        try:
            await self._change()
        except NodeError as problem:
            if problem.outcome is Outcome.LOST:
                raise
            await self._clean_up()
            raise refused(await self._in_its_place(problem)) from problem
        except asyncio.CancelledError:
            await self._clean_up()
            raise

    def detail(self) -> dict[str, Any]:
        """Return what was done, or would be: counts, bytes, and for a dry run the first names."""
        steps = self._steps
        counts: dict[str, Any] = {
            "written_count": len(steps.files) + len(steps.links),
            "skipped_count": len(steps.same),
            "deleted_count": len(steps.doomed),
            "dirs_count": len(steps.dirs),
            "modes_count": len(steps.modes),
            "bytes_count": sum(entry.size_bytes for _, entry in steps.files) if self._work.dry_run else self._bytes,
        }
        if self._work.dry_run:
            counts["dry_run"] = True
            counts["would_write"] = [printable(path) for path, _ in (*steps.files, *steps.links)][:_MOST_LISTED]
            counts["would_delete"] = [printable(path) for path, _ in steps.doomed][:_MOST_LISTED]
        return counts

    def _look(self) -> PushLook:
        work = self._work
        return PushLook(
            work.manifest,
            work.dest,
            mode=work.mode,
            delete=work.delete,
            timeout_s=work.timeout_s,
            link=self._link,
            files=self._files,
            desk=self._desk,
        )

    async def _change(self) -> None:
        """Directories, files, links, modes, removals; where an owner is asked for, nothing is in place before it is his."""
        for path, mode in self._steps.dirs:
            await self._files.make_dir(path, mode=mode | _OURS)
        staged: list[tuple[str, str, Entry | None]] = []
        for path, entry in self._steps.files:
            temp = self._temp(path)
            await self._files.write(temp, self._read(entry), mode=mode_of(entry, self._work.mode))
            staged.append((temp, path, entry))
            if not self._work.owner:
                await self._place(temp, path)
        for path, to in self._steps.links:
            temp = self._temp(path)
            await self._files.make_link(temp, to=to)
            staged.append((temp, path, None))
            if not self._work.owner:
                await self._place(temp, path)
        if self._work.owner:
            await self._own_and_place(staged)
        await self._set_modes()
        for path, is_dir in self._steps.doomed:
            heed(self._desk)
            await (self._files.remove_dir(path) if is_dir else self._files.remove(path))

    async def _own_and_place(self, staged: Sequence[tuple[str, str, Entry | None]]) -> None:
        await self._own([temp for temp, _, _ in staged] + self._steps.same + [path for path, _ in self._steps.dirs])
        for temp, path, entry in staged:
            if entry is not None:
                await self._files.set_mode(temp, mode_of(entry, self._work.mode))  # chown takes set-id bits away
            await self._place(temp, path)

    async def _place(self, temp: str, path: str) -> None:
        await self._files.rename(temp, path)
        del self._temps[temp]

    async def _set_modes(self) -> None:
        closed = [each for each in reversed(self._steps.dirs) if each[1] & _OURS != _OURS]
        for path, mode in [*self._steps.modes, *closed]:
            await self._files.set_mode(path, mode)

    async def _read(self, entry: Entry) -> AsyncIterator[bytes]:
        for chunk in chunks_of(self._work.manifest, entry):
            heed(self._desk)
            self._bytes += len(chunk)
            yield chunk

    async def _own(self, paths: list[str]) -> None:
        owner = self._work.owner or ""
        said = bytearray()
        command = Command(
            line=f"xargs -0 chown -h -- {shlex.quote(owner)}",
            stdin=b"".join(shell_path(path) + b"\0" for path in paths),
            timeout_s=self._work.timeout_s,
        )
        ended = await self._link.execute(command, stdout=_ignore, stderr=lambda data: said.extend(data[:200]))
        if ended.halted is not None:
            raise NodeError(ended.halted, "ended while files changed owner")
        if ended.rc != 0:
            reason = printable(said.decode("utf-8", "backslashreplace")).strip().partition("\n")[0]
            raise NodeError(Outcome.EXIT, f"files can't be given to {owner}: {reason or 'chown failed'}")

    async def _clean_up(self) -> None:
        """Remove what lies beside its place; where the node takes too long for that, an `.aifctl-` file stays."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLEAN_UP_S):
                for temp in self._temps:
                    with contextlib.suppress(NodeError):  # it may never have been made
                        await self._files.remove(temp)

    def _temp(self, path: str) -> str:
        folder, name = posixpath.split(path)
        temp = posixpath.join(folder, f".{name[:100]}.aifctl-{secrets.token_hex(8)}")
        self._temps[temp] = path
        return temp

    async def _in_its_place(self, problem: NodeError) -> NodeError:
        """Return what was said of a name of ours as said of the place it was meant for: that, a person knows."""
        temp = next((temp for temp in self._temps if temp in problem.message), None)
        if temp is None:
            return problem
        path = self._temps[temp]
        folder, said = posixpath.dirname(path) or ".", problem.message.replace(temp, path)
        with contextlib.suppress(NodeError):
            if await self._files.stat(folder) is None:
                said = f"{said}: there is no directory {folder}; make it first, or push a whole folder"
        return NodeError(problem.outcome, said)


def _ignore(data: bytes) -> None:
    """Chown says nothing that matters on stdout."""
