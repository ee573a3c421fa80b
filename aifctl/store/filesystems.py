"""Which file systems an SQLite database may lie on: not those that several kernels write, or that lock for show only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from aifctl.core.errors import SetupError

#: Types as the kernel's mount table names them. SQLite: "Do not use WAL on a network file system", sqlite.org/wal.html: the
#: WAL's index is memory that all writers share, which two hosts never do.
_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "9p",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "beegfs_nodev",
        "pvfs2",
        "orangefs",
        "glusterfs",
        "panfs",
        "ocfs2",
        "gfs2",
        "davfs",
        "wekafs",
    }
)
#: FUSE carries sshfs, GlusterFS, s3fs and so on; these two are known to be local.
_LOCAL_FUSE = frozenset({"fuseblk", "fuse.fuse-overlayfs"})
_ESCAPED = re.compile(r"\\([0-7]{3})")


def read_mounts() -> str:
    """Return the kernel's table of mounts of this process; "" where it has none."""
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", errors="surrogateescape")
    except OSError:
        return ""


def filesystem_of(folder: Path, mounts: str) -> str:
    """Return the type of the file system that a folder, or its nearest parent that exists, lies on; "" if unknown."""
    real = folder.resolve()
    best, found = -1, ""
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) <= _POINT:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[_POINT])
        # The last of two at the same place lies on top.
        if real.is_relative_to(point) and len(point) >= best:
            best, found = len(point), right.split(" ")[0]
    return found


_POINT = 4


def refuse_network(file: Path, mounts: Callable[[], str] = read_mounts) -> None:
    """Raise SetupError where a database must not lie there."""
    kind = filesystem_of(file.parent, mounts())
    if kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE):
        raise SetupError(
            f"{file} lies on a network file system ({kind}), where SQLite loses data; name a local --state-dir, or a "
            "PostgreSQL server with --state postgresql://USER@HOST/DATABASE"
        )
