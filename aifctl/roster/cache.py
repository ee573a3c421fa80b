"""The last good reading of each inventory, under the state directory; without one everything works, only slower."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir
from aifctl.roster.packing import Packed, UnreadableError

#: Inventories whose last reading is kept; made-up ones (demos, tests) come and go.
KEPT_COUNT = 16

_MAX_BYTES = 256 << 20


class Cache:
    """One file for each inventory path, written whole, 0600; a damaged or foreign one counts as none."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def read(self, inventory: Path) -> Packed | None:
        """Return the last good reading of this inventory, of whatever age."""
        path = self._file(inventory)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            trusted = self._state.group is not None or facts.st_uid in {0, os.geteuid()}
            if not trusted or facts.st_size > _MAX_BYTES:
                return None
            try:
                return Packed(file.read())
            except (OSError, UnreadableError):
                return None

    def write(self, inventory: Path, data: bytes) -> bool:
        """Keep a reading; False where the state directory can't be written."""
        path = self._file(inventory)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._state.folder("inventory")
            descriptor = self._state.open_file(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            half.replace(path)
        except (OSError, SetupError):
            with suppress(OSError):
                half.unlink()
            return False
        self._prune()
        return True

    def _file(self, inventory: Path) -> Path:
        digest = sha256(os.fsencode(inventory.absolute())).hexdigest()[:16]
        return self._state.path / "inventory" / f"{digest}.cache"

    def _prune(self) -> None:
        with suppress(OSError):
            kept = sorted((self._state.path / "inventory").glob("*.cache"), key=lambda file: file.stat().st_mtime)
            for file in kept[:-KEPT_COUNT]:
                file.unlink()
