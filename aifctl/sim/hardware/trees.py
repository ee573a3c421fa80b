"""Writing trees of small files as the kernel shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, each text with the line's end that the kernel gives it; a name may hold folders."""
    made: set[Path] = set()
    for name, content in files.items():
        file = folder / name
        if file.parent not in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            made.add(file.parent)
        file.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())


def link(place: Path, target: Path) -> None:
    """Make a relative link, as sysfs has them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))
