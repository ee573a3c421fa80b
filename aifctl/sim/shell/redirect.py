"""Redirections: which stream a command's file descriptors are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aifctl.sim.node.disk import Device, Directory
from aifctl.sim.shell.context import CommandError, Io, Shell, encode
from aifctl.sim.shell.expand import Expander
from aifctl.sim.shell.streams import FileReader, FileWriter, Nothing, Sink, Source, Text
from aifctl.sim.shell.syntax import Document, Redirection, Word


@asynccontextmanager
async def redirected(
    shell: Shell, io: Io, redirections: Sequence[Redirection], expander: Expander
) -> AsyncIterator[Io]:
    """Give the streams that redirections make; OSError where a file can't be opened."""
    if not redirections:
        yield io
        return
    opened: list[FileWriter] = []
    for redirection in redirections:
        io = io.having(await _changed(shell, io, redirection, expander, opened))
    try:
        yield io
    finally:
        for writer in opened:
            writer.settle()


async def _changed(
    shell: Shell, io: Io, redirection: Redirection, expander: Expander, opened: list[FileWriter]
) -> dict[int, Source | Sink]:
    target = redirection.target
    if isinstance(target, Document):
        return {redirection.fd: Text(encode(await expander.text(target.body)))}
    if redirection.operator in {">&", "<&"}:
        return await _duplicated(io, redirection.fd, target, expander)
    path = shell.path(await expander.text(target))
    if redirection.operator == "<":
        return {redirection.fd: _reader(shell, path)}
    writer = _writer(shell, path, append=redirection.operator == ">>")
    if isinstance(writer, FileWriter):
        opened.append(writer)
    return {1: writer, 2: writer} if redirection.operator == "&>" else {redirection.fd: writer}


async def _duplicated(io: Io, fd: int, target: Word, expander: Expander) -> dict[int, Source | Sink]:
    wanted = await expander.text(target)
    if wanted == "-":
        return {fd: Nothing()}
    if not wanted.isdigit() or int(wanted[:4]) not in io.table:
        raise CommandError(f"{wanted}: Bad file descriptor")
    return {fd: io.table[int(wanted)]}


def _reader(shell: Shell, path: str) -> Source:
    entry = shell.disk.find(path)
    if isinstance(entry, Directory):
        raise IsADirectoryError(21, "Is a directory", path)
    return FileReader(shell.disk, entry)


def _writer(shell: Shell, path: str, *, append: bool) -> Sink:
    existing = shell.disk.lookup(path)
    if isinstance(existing, Device) and existing.name != "full":
        return Nothing()
    entry = shell.disk.open_file(path, truncate=not append, mode=0o666 & ~shell.umask, uid=shell.uid)
    return FileWriter(shell.disk, entry)
