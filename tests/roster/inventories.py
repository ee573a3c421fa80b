"""Inventories for tests, written to a folder, and the drawer of formats opened."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from aifctl.core.state_dir import StateDir
from aifctl.fleet.fleet import Fleet
from aifctl.roster import formats
from aifctl.roster.compiling import compile_sources
from aifctl.roster.format import RosterFormat
from aifctl.roster.roster import FileRoster
from aifctl.roster.sources import Source

SHIPPED = Path(__file__).parents[2] / "inventory"


def open_drawer() -> Sequence[RosterFormat]:
    names = [module.name for module in pkgutil.iter_modules(formats.__path__)]
    return [importlib.import_module(f"aifctl.roster.formats.{name}").FORMAT for name in names]


def mistakes_in(*texts: str) -> list[str]:
    """Return the mistakes of the files a.yaml, b.yaml and so on."""
    sources = [Source(file=f"{chr(97 + at)}.yaml", data=text.encode()) for at, text in enumerate(texts)]
    return [str(mistake) for mistake in compile_sources(sources)[1]]


def fleet_of(folder: Path, *texts: str) -> Fleet:
    """Return the fleet of these files; the test fails with the mistakes where there are any."""
    for at, text in enumerate(texts):
        (folder / f"{chr(97 + at)}.yaml").write_text(text)
    return FileRoster(None).load(folder).fleet


def roster(state: Path | None = None) -> FileRoster:
    return FileRoster(StateDir(path=state) if state else None, open_drawer)
