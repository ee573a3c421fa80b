"""A folder on this machine that takes what nodes send: nothing lands outside it, whatever names they use.

Every step down is taken by descriptor and never through a link, so neither a name from a node nor a link that somebody
laid into the folder leads elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fanout.safe_names import is_plain, safe_name

_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL_SUFFIX = ".aifctl-part"


class LocalTree:
    """One node's folder; paths are tuples of names. What our own disk refuses is NodeError local."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def sha256(self, path: Sequence[str], *, size_bytes: int) -> str | None:
        """Return the digest of a file of that size that is here already; None where there is none."""
        with suppress(OSError), self._folder(path[:-1], make=False) as folder:
            descriptor = os.open(path[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and found.st_size == size_bytes:
                    return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    def make_dir(self, path: Sequence[str]) -> None:
        """Make a directory, and those above it."""
        with self._said(path), self._folder(path, make=True):
            pass

    def has_link(self, path: Sequence[str], to: str) -> bool:
        """Whether that very link is here already."""
        with suppress(OSError), self._folder(path[:-1], make=False) as folder:
            return os.readlink(path[-1], dir_fd=folder) == to
        return False

    def make_link(self, path: Sequence[str], to: str) -> bool:
        """Make or replace a link; False, and nothing made, where it would lead out of the folder."""
        if to.startswith("/") or not _stays_inside(path[:-1], to):
            return False
        with self._said(path), self._folder(path[:-1], make=True) as folder:
            temp = _temp()
            os.symlink(to, temp, dir_fd=folder)
            _place(folder, temp, path[-1])
        return True

    async def write(self, path: Sequence[str], chunks: AsyncIterator[bytes], *, mode: int) -> int:
        """Write a file beside its place, then rename it there; returns its size. Half a file is never left in place."""
        size = 0
        with self._said(path), self._folder(path[:-1], make=True) as folder:
            temp = _temp()
            descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
            try:
                try:
                    async for chunk in chunks:
                        _write(descriptor, chunk)
                        size += len(chunk)
                    os.fchmod(descriptor, mode & 0o777 | 0o600)  # set-id bits from a node have no business here
                finally:
                    os.close(descriptor)
                _place(folder, temp, path[-1])
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temp, dir_fd=folder)
                raise
        return size

    @contextmanager
    def _folder(self, path: Sequence[str], *, make: bool) -> Iterator[int]:
        if make:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._root, _DIR)
        try:
            for name in path:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=descriptor)
                below = os.open(name, _DIR, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _said(self, path: Sequence[str]) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            place = self._root.joinpath(*path)
            raise NodeError(Outcome.LOCAL, f"{place} can't be written: {problem.strerror}") from problem


def local_name(name: str) -> str | None:
    """Return what a node's file is called here: its own name where that is harmless, escaped where it holds control
    characters or is not text; None for what no file can be called.
    """
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        return None
    return name if is_plain(name) else safe_name(name)


def _stays_inside(folder: Sequence[str], to: str) -> bool:
    depth = len(folder)
    for part in to.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            return False
    return True


def _place(folder: int, temp: str, name: str) -> None:
    try:
        os.replace(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temp, dir_fd=folder)
        raise


def _temp() -> str:
    return f".{secrets.token_hex(8)}{_FULL_SUFFIX}"


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
