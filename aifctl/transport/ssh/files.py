"""Remote files over SFTP, as asyncssh's client speaks it: requests in flight, nothing held whole."""

from __future__ import annotations

import asyncio
import posixpath
import stat
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import asyncssh
from asyncssh import sftp

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import RemoteStat
from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.errors import link_error, outcome_of, said

#: OpenSSH takes at least 32 KiB per request; 32 in flight keep a 10 ms path at 100 MB/s, and bound memory at 1 MiB.
_CHUNK_BYTES = 32768
_IN_FLIGHT = 32
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link"}
_MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


async def open_files(conn: LeanConnection, *, where: str) -> SftpFiles:
    """Start SFTP on a connection; NodeError protocol where the node offers none."""
    try:
        return SftpFiles(await conn.start_sftp_client(), where=where)
    except (OSError, asyncssh.Error) as problem:
        if conn.closed:
            raise link_error(problem, where=where) from problem
        reason = said(getattr(problem, "reason", "") or str(problem))
        raise NodeError(Outcome.PROTOCOL, f"{where} offers no SFTP ({reason}); nothing was copied") from problem


class SftpFiles:
    """Implements ports.transport.RemoteFiles."""

    def __init__(self, client: asyncssh.SFTPClient, *, where: str) -> None:
        self._client, self._where = client, where

    async def stat(self, path: str) -> RemoteStat | None:
        with self._said(path):
            try:
                return _stat(await self._client.lstat(_bytes(path)))
            except _MISSING:
                return None

    async def entries(self, path: str) -> list[tuple[str, RemoteStat]]:
        found = []
        with self._said(path):
            async for entry in self._client.scandir(_bytes(path)):
                name = _text(entry.filename)
                if name not in {".", ".."}:
                    found.append((name, _stat(entry.attrs)))
        return found

    async def read_link(self, path: str) -> str:
        with self._said(path):
            return _text(await self._client.readlink(_bytes(path)))

    async def read(self, path: str) -> AsyncIterator[bytes]:
        with self._said(path):
            file = await self._client.open(_bytes(path), "rb", block_size=None)
            try:
                async for chunk in _read_ahead(file):
                    yield chunk
            finally:
                await file.close()

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int) -> None:
        with self._said(path):
            # Closed to others until its mode is set: the content may be what the mode protects.
            attributes = sftp.SFTPAttrs(permissions=mode & 0o700)
            try:
                file = await self._client.open(_bytes(path), "wb", attributes, block_size=None)
                try:
                    await _write_behind(file, chunks)
                    await file.chmod(mode)
                finally:
                    await file.close()
            except asyncssh.SFTPFailure as problem:
                raise await self._if_full(problem, path) from problem

    async def rename(self, path: str, to: str) -> None:
        with self._said(to):
            try:
                await self._client.posix_rename(_bytes(path), _bytes(to))
            except asyncssh.SFTPOpUnsupported:
                await self._replace(path, to)

    async def remove(self, path: str) -> None:
        with self._said(path):
            await self._client.remove(_bytes(path))

    async def make_link(self, path: str, *, to: str) -> None:
        with self._said(path):
            await self._client.symlink(_bytes(to), _bytes(path))

    async def make_dir(self, path: str, *, mode: int) -> None:
        with self._said(path):
            await self._client.mkdir(_bytes(path), sftp.SFTPAttrs(permissions=mode))
            await self._client.chmod(_bytes(path), mode)

    async def remove_dir(self, path: str) -> None:
        with self._said(path):
            await self._client.rmdir(_bytes(path))

    async def set_mode(self, path: str, mode: int) -> None:
        with self._said(path):
            await self._client.chmod(_bytes(path), mode)

    async def _replace(self, path: str, to: str) -> None:
        """Rename over an existing file where the server can't do it at one stroke."""
        try:
            await self._client.rename(_bytes(path), _bytes(to))
        except asyncssh.SFTPError:
            await self._client.remove(_bytes(to))
            await self._client.rename(_bytes(path), _bytes(to))

    async def _if_full(self, problem: asyncssh.SFTPError, path: str) -> asyncssh.SFTPError:
        """Return "Failure", which is all that SFTP version 3 says, as what it is where the disk has no more room."""
        try:
            disk = await self._client.statvfs(posixpath.dirname(_bytes(path)) or b".")
        except asyncssh.SFTPError:
            return problem
        if disk.favail == 0 < disk.files:
            return asyncssh.SFTPFailure("no space left on the node's disk: it has no inode free")
        free_bytes = disk.bavail * disk.frsize
        if free_bytes < _CHUNK_BYTES:
            return asyncssh.SFTPFailure(f"no space left on the node's disk: {free_bytes} bytes are free")
        return problem

    @contextmanager
    def _said(self, path: str) -> Iterator[None]:
        try:
            yield
        except asyncssh.SFTPError as problem:
            if outcome_of(problem) is Outcome.LOST:
                raise link_error(problem, where=self._where) from problem
            reason = said(problem.reason) or type(problem).__name__
            raise NodeError(Outcome.PROTOCOL, f"{said(path)} on {self._where}: {reason}") from problem
        except asyncssh.Error as problem:
            raise link_error(problem, where=self._where) from problem


async def _read_ahead(file: Any) -> AsyncIterator[bytes]:
    """Yield a file in order with several requests under way; a short answer in the middle is asked for again."""
    size = (await file.stat()).size
    pending: deque[tuple[int, int, asyncio.Task[bytes]]] = deque()
    asked = 0
    try:
        while pending or size is None or asked < size:
            while len(pending) < _IN_FLIGHT and (size is None or asked < size):
                pending.append((asked, _CHUNK_BYTES, asyncio.ensure_future(file.read(_CHUNK_BYTES, asked))))
                asked += _CHUNK_BYTES
                if size is None:
                    break
            offset, wanted, task = pending.popleft()
            data = await task
            if not data:
                return  # the file ends here, or has become shorter while it was read
            yield data
            if len(data) < wanted and (size is None or offset + len(data) < size):
                rest = (offset + len(data), wanted - len(data))
                pending.appendleft((*rest, asyncio.ensure_future(file.read(rest[1], rest[0]))))
        async for data in _tail(file, asked if size is None else size):
            yield data
    finally:
        for _, _, task in pending:
            task.cancel()


async def _tail(file: Any, offset: int) -> AsyncIterator[bytes]:
    """Yield what lies behind the size that was told: files in /proc and /sys say 0, logs grow."""
    while data := await file.read(_CHUNK_BYTES, offset):
        yield data
        offset += len(data)


async def _write_behind(file: Any, chunks: AsyncIterator[bytes]) -> None:
    pending: deque[asyncio.Task[int]] = deque()
    offset = 0
    try:
        async for chunk in chunks:
            for start in range(0, len(chunk), _CHUNK_BYTES):
                piece = chunk[start : start + _CHUNK_BYTES]
                if len(pending) >= _IN_FLIGHT:
                    await pending.popleft()
                pending.append(asyncio.ensure_future(file.write(piece, offset)))
                offset += len(piece)
        while pending:
            await pending.popleft()
    finally:
        for task in pending:
            task.cancel()


def _stat(attributes: sftp.SFTPAttrs) -> RemoteStat:
    permissions = attributes.permissions or 0
    return RemoteStat(
        kind=_KINDS.get(stat.S_IFMT(permissions), "other"),
        size_bytes=attributes.size or 0,
        mode=stat.S_IMODE(permissions),
        uid=attributes.uid or 0,
        gid=attributes.gid or 0,
        mtime_s=float(attributes.mtime or 0),
    )


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def _bytes(name: str) -> bytes:
    """Names on a node are bytes; what is no UTF-8 travels as surrogates, as os.fsdecode writes it."""
    return name.encode("utf-8", "surrogateescape")
