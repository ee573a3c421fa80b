"""Captures for tests of checks: a file under a name that says nothing, read as triage reads it."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import pytest

from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.recognising import reading_of_text

FOLDER = Path(os.environ.get("AIFCTL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures"))


def capture_under_another_name(name: str, into: Path) -> Path:
    """Copy `nvidia-smi/FILE` below a random name and return where it lies; the test is skipped where there is none."""
    file = FOLDER / name
    if not file.exists():
        pytest.skip(f"there is no {file}; AIFCTL_CAPTURES names the folder of captures")
    return Path(shutil.copyfile(file, into / secrets.token_hex(8)))


def reading_of(path: Path) -> Reading:
    """Return what a file of one tool's output comes to: its section, or why that could not be read.

    Raises:
        UnreadableError: what stands in it is nothing that we know.
    """
    return reading_of_text(path.read_bytes())


def reading_of_capture(name: str, into: Path) -> Reading:
    """Return what a capture comes to, whatever its file is called."""
    return reading_of(capture_under_another_name(name, into))
