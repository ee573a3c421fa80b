"""SFTP over a node's disk: every operation of asyncssh's server that would touch this machine's files is replaced."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import AsyncIterator
from typing import Any

import asyncssh
from asyncssh import SFTPAttrs, SFTPName, SFTPVFSAttrs
from asyncssh.constants import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_TRUNC,
    FXF_WRITE,
)

from aifctl.sim.node.disk import Device, Directory, Entry, File, Link, refusal
from aifctl.sim.node.machine import Machine
from aifctl.sim.shell.context import LOGIN_UID, UIDS, decode

_BLOCK_BYTES = 4096
_MOST_READ_BYTES = 4 << 20


class _Open:
    """An open file of one SFTP session."""

    def __init__(self, entry: Entry, *, append: bool) -> None:
        self.entry, self.append = entry, append


class DiskSftp(asyncssh.SFTPServer):
    """Paths are the node's; relative ones begin in the login directory."""

    def __init__(self, chan: Any, machine: Machine) -> None:
        super().__init__(chan)
        self._machine = machine
        user = str(chan.get_connection().get_extra_info("username"))
        self._uid = UIDS.get(user, LOGIN_UID)
        self._home = "/root" if user == "root" else "/home/ops"
        # OpenSSH, which a node says it is, takes a link's two paths the wrong way round, and whoever talks to it sends
        # them so. asyncssh's server believes that only of clients with these names.
        version = str(chan.get_extra_info("client_version", ""))
        self._turns_links = not any(name in version for name in ("OpenSSH", "paramiko"))

    def format_user(self, uid: int | None) -> str:
        return str(uid)

    def format_group(self, gid: int | None) -> str:
        return str(gid)

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        """Open as POSIX would: made, truncated or refused as the flags say."""
        disk, where = self._machine.disk, self._path(path)
        exists = disk.lookup(where)
        if exists is not None and pflags & FXF_CREAT and pflags & FXF_EXCL:
            raise refusal(errno.EEXIST, where)
        if exists is None and not pflags & FXF_CREAT:
            raise refusal(errno.ENOENT, where)
        if not pflags & FXF_WRITE:
            return _Open(_no_directory(disk.find(where), where), append=False)
        mode = 0o644 if attrs.permissions is None else stat.S_IMODE(attrs.permissions)
        entry = disk.open_file(where, truncate=bool(pflags & FXF_TRUNC), mode=mode, uid=self._uid)
        return _Open(entry, append=bool(pflags & FXF_APPEND))

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: SFTPAttrs) -> object:  # noqa: ARG002  asyncssh's signature
        raise asyncssh.SFTPOpUnsupported("this node speaks SFTP version 3")

    def close(self, file_obj: object) -> None:
        entry = _opened(file_obj).entry
        if isinstance(entry, File):
            entry.contents.settle()

    def read(self, file_obj: object, offset: int, size_bytes: int) -> bytes:
        return self._machine.disk.read(_opened(file_obj).entry, offset, min(size_bytes, _MOST_READ_BYTES))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        opened = _opened(file_obj)
        self._machine.disk.write(opened.entry, data, None if opened.append else offset)
        return len(data)

    def lstat(self, path: bytes) -> SFTPAttrs:
        return _attributes(self._machine.disk.find(self._path(path), follow=False))

    def stat(self, path: bytes) -> SFTPAttrs:
        return _attributes(self._machine.disk.find(self._path(path)))

    def fstat(self, file_obj: object) -> SFTPAttrs:
        return _attributes(_opened(file_obj).entry)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        self._change(self._machine.disk.find(self._path(path)), attrs)

    def lsetstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        self._change(self._machine.disk.find(self._path(path), follow=False), attrs)

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        self._change(_opened(file_obj).entry, attrs)

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        directory = self._machine.disk.directory(self._path(path))
        here = {".": directory, "..": directory, **directory.entries}
        for name, entry in here.items():
            yield SFTPName(os.fsencode(name), attrs=_attributes(entry))

    def remove(self, path: bytes) -> None:
        self._machine.disk.remove(self._path(path))

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        mode = 0o755 if attrs.permissions is None else stat.S_IMODE(attrs.permissions)
        self._machine.disk.make_dir(self._path(path), mode=mode, uid=self._uid)

    def rmdir(self, path: bytes) -> None:
        self._machine.disk.remove_dir(self._path(path))

    def realpath(self, path: bytes) -> bytes:
        return os.fsencode(self._machine.disk.resolve(self._path(path)))

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._machine.disk.lookup(self._path(newpath), follow=False) is not None:
            raise asyncssh.SFTPFailure("File already exists")
        self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._machine.disk.rename(self._path(oldpath), self._path(newpath))

    def readlink(self, path: bytes) -> bytes:
        entry = self._machine.disk.find(self._path(path), follow=False)
        if not isinstance(entry, Link):
            raise refusal(errno.EINVAL, self._path(path))
        return os.fsencode(entry.target)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        if self._turns_links:
            oldpath, newpath = newpath, oldpath
        where = self._path(newpath)
        if self._machine.disk.lookup(where, follow=False) is not None:
            raise refusal(errno.EEXIST, where)
        self._machine.disk.add(
            where, Link(mode=0o777, uid=self._uid, gid=self._uid, target=decode(oldpath), mtime_s=self._machine.now_s())
        )

    def link(self, oldpath: bytes, newpath: bytes) -> None:  # noqa: ARG002  asyncssh's signature
        raise asyncssh.SFTPOpUnsupported("hard links are not emulated on a simulated node")

    def statvfs(self, path: bytes) -> SFTPVFSAttrs:
        self._machine.disk.find(self._path(path))
        return self._room()

    def fstatvfs(self, file_obj: object) -> SFTPVFSAttrs:
        _opened(file_obj)
        return self._room()

    def fsync(self, file_obj: object) -> None:
        _opened(file_obj)

    def exit(self) -> None:
        """Say that all went well, as sftp-server does at the end; scp takes silence for a failure."""
        self.channel.exit(0)

    def _path(self, path: bytes) -> str:
        return posixpath.normpath(posixpath.join(self._home, decode(path)))

    def _change(self, entry: Entry, attrs: SFTPAttrs) -> None:
        if attrs.size is not None:
            self._machine.disk.truncate(entry, attrs.size)
        if attrs.permissions is not None:
            entry.mode = stat.S_IMODE(attrs.permissions)
        if attrs.uid is not None and attrs.gid is not None:
            if self._uid and (attrs.uid, attrs.gid) != (entry.uid, entry.gid):
                raise refusal(errno.EPERM, "")
            entry.uid, entry.gid = attrs.uid, attrs.gid
        if attrs.mtime is not None:
            entry.mtime_s = float(attrs.mtime)

    def _room(self) -> SFTPVFSAttrs:
        disk = self._machine.disk
        blocks = disk.size_bytes // _BLOCK_BYTES
        free = 0 if disk.full else (disk.size_bytes - disk.used_bytes) // _BLOCK_BYTES
        return SFTPVFSAttrs(
            bsize=_BLOCK_BYTES, frsize=_BLOCK_BYTES, blocks=blocks, bfree=free, bavail=free, files=100000, ffree=99000,
            favail=99000, fsid=1, flags=0, namemax=255,
        )  # fmt: skip


def _attributes(entry: Entry) -> SFTPAttrs:
    kinds = {Directory: stat.S_IFDIR, Link: stat.S_IFLNK, Device: stat.S_IFCHR}
    size = len(entry.contents) if isinstance(entry, File) else 0
    mode = kinds.get(type(entry), stat.S_IFREG) | entry.mode
    when = int(entry.mtime_s)
    return SFTPAttrs(size=size, uid=entry.uid, gid=entry.gid, permissions=mode, atime=when, mtime=when)


def _opened(file_obj: object) -> _Open:
    if not isinstance(file_obj, _Open):
        raise asyncssh.SFTPInvalidHandle("no such handle")
    return file_obj


def _no_directory(entry: Entry, path: str) -> Entry:
    if isinstance(entry, Directory):
        raise refusal(errno.EISDIR, path)
    return entry
