"""Writing trees of small files as the kernel shows them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: 2,000 small files take 0.04 s here; on a disk that others use, 5 s.
_MEMORY = "/dev/shm"  # noqa: S108  a folder of our own is made in it


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Give a folder for a tree that is read once, in memory where there is such a place, and remove it."""
    place = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="aifctl-sim-", dir=place) as folder:
        yield Path(folder)


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, each text with the line's end that the kernel gives it; a name may hold folders.

    A node has 2,000 of them: pathlib would take three times as long.
    """
    base = os.fspath(folder)
    made: set[str] = set()
    for name, content in files.items():
        path = f"{base}/{name}"
        parent = path.rpartition("/")[0]
        if parent not in made:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103  as above
            made.add(parent)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        os.write(file, content if isinstance(content, bytes) else f"{content}\n".encode())
        os.close(file)


def link(place: Path, target: Path) -> None:
    """Make a relative link, as sysfs has them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))
