"""Names of nodes that a selector reads from a file or from stdin."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from aifctl.core.errors import UsageError

_MOST_BYTES = 64 << 20


def read_names(path: str) -> str:
    """Return a file's text; UsageError where it can't be read or is no text."""
    try:
        with Path(path).expanduser().open("rb") as file:
            return read_names_from(file, path)
    except OSError as problem:
        raise UsageError(f"@file:{path} can't be read: {problem.strerror}") from problem


def read_names_from(stream: BinaryIO, origin: str) -> str:
    """Return all that a stream holds; UsageError where that is more than 64 MiB, or no text."""
    data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError(f"the names in {origin} are more than 64 MiB; fold them, or name a group")
    try:
        return data.decode()
    except UnicodeDecodeError as problem:
        raise UsageError(f"the names in {origin} are not UTF-8 text") from problem
