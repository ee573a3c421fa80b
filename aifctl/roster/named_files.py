"""Folders of small YAML files of which each bears the name of what it says: profiles, baselines."""

from __future__ import annotations

from pathlib import Path

from aifctl.core.errors import SetupError

_SUFFIXES = (".yaml", ".yml")
_MAX_FILE_BYTES = 1 << 20


def files_in(folder: Path, what: str) -> list[Path]:
    """Return the files of a folder in order of name, none where it is not there; SetupError where it can't be read.

    Args:
        folder: where to look.
        what: one of them, for the error: profile, baseline.
    """
    try:
        if not folder.is_dir():
            return []
        return sorted(child for child in folder.iterdir() if child.suffix in _SUFFIXES and child.name[0] != ".")
    except OSError as problem:
        raise SetupError(f"the {what}s in {folder} can't be read: {problem.strerror}") from problem


def bytes_of(file: Path, what: str) -> bytes:
    """Return what stands in one; SetupError where it can't be read or is no small plain file."""
    try:
        if not file.is_file() or file.stat().st_size > _MAX_FILE_BYTES:
            raise SetupError(f"the {what} {file} is no plain file of at most 1 MiB")
        return file.read_bytes()
    except OSError as problem:
        raise SetupError(f"the {what} {file} can't be read: {problem.strerror}") from problem
