"""A bug's traceback, kept where its finder can send it from."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback

from aifctl.core.errors import AifctlError, SetupError
from aifctl.core.printable import printable
from aifctl.core.state_dir import StateDir


def bug_error(bug: Exception, state: StateDir | None = None) -> AifctlError:
    """Keep a bug's traceback in a file and return the error that says where; exit 70."""
    text = trace_of(bug)
    said = printable(f"a bug: {type(bug).__name__}: {bug}")
    return AifctlError(f"{said}; the traceback is in {keep_trace(text, state)}, please report it")


def trace_of(bug: Exception) -> str:
    """Return a bug's traceback as text."""
    return "".join(traceback.format_exception(bug))


def keep_trace(text: str, state: StateDir | None) -> str:
    """Write a traceback to a file and return its path: below the state directory, or where temporary files go if that can't be."""
    folders: list[str | None] = [None]
    with contextlib.suppress(SetupError):
        folders = [str(state.folder("bugs")), None] if state else folders
    for folder in folders:
        with contextlib.suppress(OSError):
            return _written(text, folder)
    return f"no file (no disk takes one), so here:\n{text}"  # then it is told, however long


def _written(text: str, folder: str | None) -> str:
    descriptor, path = tempfile.mkstemp(prefix="aifctl-bug-", suffix=".txt", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:  # a full disk makes a file and takes no byte
        os.unlink(path)  # noqa: PTH108  as it was made
        raise
    return path
