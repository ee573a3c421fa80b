"""The inventory as a port: read it, check it, turn it into and out of other tools' formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aifctl.core.errors import Mistake
from aifctl.fleet.fleet import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An inventory that was read.

    Attributes:
        path: what was read.
        modified_at: seconds since the epoch, UTC, of the newest of its files; of the last good reading where `stale`.
        notices: sentences for stderr, e.g. that the inventory does not parse and what stands in for it.
        stale: the files on disk have mistakes and this is the last good reading of them.
        warm: it came out of the cache.
    """

    fleet: Fleet
    path: Path
    modified_at: float
    notices: tuple[str, ...] = ()
    stale: bool = False
    warm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatAbout:
    """One import/export format: its name for `--format`, a sentence, and which ways it goes."""

    name: str
    about: str
    reads: bool
    writes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Another tool's inventory as our YAML.

    Attributes:
        yaml: ready to be written to a file of the inventory; it checks clean.
        lost: sentences, one for each thing that could not be carried over; empty where nothing was.
    """

    yaml: str
    node_count: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A fleet in another tool's format: (file name, text) pairs; most formats have one file.

    Attributes:
        lost: sentences, one for each thing of the fleet that the format cannot say and a reader of it may miss.
    """

    files: tuple[tuple[str, str], ...]
    lost: tuple[str, ...] = ()


class Roster(Protocol):
    """Reads inventories. InventoryError (all mistakes at once) or SetupError where one can't be read."""

    def load(self, path: Path, *, last_good: bool = False) -> Loaded:
        """Return the fleet of a file or directory; `last_good`: the last good reading where it doesn't parse now."""

    def load_hostfile(
        self, path: Path, *, user: str | None = None, port: int | None = None, identity: tuple[str, ...] = ()
    ) -> Loaded:
        """Return the fleet that a file of names or addresses makes, one a line or folded."""

    def check(self, path: Path) -> Sequence[Mistake]:
        """Return every mistake, in order of file and line; empty for a clean inventory. Reads no cache."""

    def formats(self) -> Sequence[FormatAbout]:
        """Return the formats of import and export, by name."""

    def import_text(self, text: str, *, format_name: str, file: str = "input") -> Imported:
        """Turn another tool's inventory into ours; InventoryError names `file` and line; UsageError: no such format."""

    def export_text(self, fleet: Fleet, *, format_name: str, names: Sequence[str] | None = None) -> Exported:
        """Write a fleet (of it, only `names`) in another tool's format; UsageError: no such format."""

    def template(self) -> str:
        """Return a small commented inventory that checks clean, to start from."""
