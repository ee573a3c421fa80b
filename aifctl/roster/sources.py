"""Which files an inventory is made of, and which inventory is meant."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aifctl.core.errors import InventoryError, Mistake, SetupError

SYSTEM_INVENTORY = Path("/etc/aifctl/inventory")

#: The folders beside an inventory that hold no fleet but what is expected of one.
PROFILES = "profiles"
BASELINES = "baselines"
_BESIDE_FLEETS = frozenset({PROFILES, BASELINES})

_SUFFIXES = (".yaml", ".yml")
_MAX_FILE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: its name for messages, and what is in it."""

    file: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """An inventory's files, read.

    Attributes:
        modified_at: seconds since the epoch, UTC, of the newest.
    """

    files: tuple[Source, ...]
    modified_at: float

    def key(self, version: int) -> str:
        """Return a hash of all names and contents, and of the version of what is made of them."""
        digest = sha256(b"%d" % version)
        for source in self.files:
            digest.update(b"\0%s\0%d\0" % (os.fsencode(Path(source.file).name), len(source.data)))
            digest.update(source.data)
        return digest.hexdigest()


def read_sources(inventory: Path) -> Sources:
    """Read a file, or a directory's YAML files in order of their names (not its subdirectories').

    SetupError: nothing there, no fleet in it, or several; InventoryError: files that can't be read.
    """
    files = _files(inventory)
    sources: list[Source] = []
    mistakes: list[Mistake] = []
    newest = 0.0
    for file in files:
        try:
            facts = file.stat()
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > _MAX_FILE_BYTES:
                mistakes.append(Mistake(file=str(file), line=0, message="not a plain file of at most 64 MiB"))
                continue
            sources.append(Source(file=str(file), data=file.read_bytes()))
            newest = max(newest, facts.st_mtime)
        except OSError as problem:
            mistakes.append(Mistake(file=str(file), line=0, message=f"can't be read: {problem.strerror}"))
    if mistakes:
        raise InventoryError(mistakes)
    return Sources(files=tuple(sources), modified_at=newest)


def find_inventory(
    flag: str | None,
    environ: Mapping[str, str],
    settings_value: str | None,
    cwd: Path,
    *,
    system: Path = SYSTEM_INVENTORY,
) -> tuple[Path, str]:
    """Return the inventory to use and where its name came from.

    --inventory, then AIFCTL_INVENTORY, then the settings file, then /etc/aifctl/inventory, then ./inventory: that last
    only if nobody else can write it and it is one fleet. SetupError where there is none, or where ./inventory won't do.
    """
    for named, origin in (
        (flag, "--inventory"),
        (environ.get("AIFCTL_INVENTORY"), "AIFCTL_INVENTORY"),
        (settings_value, "the settings file"),
    ):
        if named:
            return cwd / Path(named).expanduser(), origin
    if system.exists():
        return system, str(system)
    local = cwd / "inventory"
    if not local.exists():
        raise SetupError(
            f"there is no inventory: name one with --inventory PATH or AIFCTL_INVENTORY, or put one in {system};"
            " `aifctl inventory template` prints one to start from"
        )
    _check_private(local)
    _files(local)
    return local, "./inventory"


def fleets_in(folder: Path) -> list[Path]:
    """Return the subdirectories that hold YAML files of their own and are fleets."""
    try:
        return sorted(
            child
            for child in folder.iterdir()
            if child.is_dir() and _yaml_files(child) and child.name not in _BESIDE_FLEETS
        )
    except OSError:
        return []


def _files(inventory: Path) -> Sequence[Path]:
    """Return the files of one fleet; SetupError where the path is not one."""
    if not inventory.exists():
        raise SetupError(f"there is no inventory at {inventory}; name one with --inventory PATH")
    if not inventory.is_dir():
        return [inventory]
    try:
        files = _yaml_files(inventory)
    except OSError as problem:
        raise SetupError(f"the inventory {inventory} can't be read: {problem.strerror}") from problem
    if files:
        return files
    fleets = fleets_in(inventory)
    if not fleets:
        raise SetupError(f"{inventory} holds no YAML file; `aifctl inventory template` prints one to start from")
    listed = ", ".join(str(fleet) for fleet in fleets)
    raise SetupError(f"{inventory} is not one fleet but holds {len(fleets)}; name one with --inventory: {listed}")


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(
        child
        for child in folder.iterdir()
        if child.suffix in _SUFFIXES and not child.name.startswith(".") and not child.is_dir()
    )


def _check_private(inventory: Path) -> None:
    """Refuse what somebody else could have put in the current directory, or could change."""
    files = [inventory]
    try:
        if inventory.is_dir():
            files += _yaml_files(inventory)
        for file in files:
            facts = file.stat()
            if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or facts.st_uid not in {0, os.geteuid()}:
                raise SetupError(
                    f"{file} can be written by others, so it is not used unasked; name it with --inventory if you trust it"
                )
    except OSError as problem:
        raise SetupError(f"{inventory} can't be read: {problem.strerror}") from problem
