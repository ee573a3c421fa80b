"""The state directory: where runs, locks, caches and the audit chain live, and with which modes."""

from __future__ import annotations

import grp
import os
from dataclasses import dataclass
from pathlib import Path

from aifctl.core.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDir:
    """Directories are 0700 and files 0600; with a named `group` 2770 and 0660."""

    path: Path
    group: str | None = None

    @property
    def file_mode(self) -> int:
        return 0o660 if self.group else 0o600

    def folder(self, *parts: str) -> Path:
        """Return a folder below the state directory, made where it is missing; SetupError where it can't be."""
        folder = self.path.joinpath(*parts)
        try:
            for part in [*reversed(folder.parents), folder]:
                if part.is_relative_to(self.path) and not part.is_dir():
                    self._make(part)
        except (OSError, KeyError) as problem:
            reason = getattr(problem, "strerror", None) or f"there is no group {self.group!r}"
            raise SetupError(
                f"the state directory {folder} can't be written: {reason}; name another with --state-dir"
            ) from problem
        return folder

    def claim(self, *parts: str) -> Path:
        """Make a new folder below the state directory; FileExistsError where somebody else has it already."""
        folder = self.folder(*parts[:-1]) / parts[-1]
        folder.mkdir(mode=0o700)
        if self.group:
            self._make(folder)
        return folder

    def open_file(self, path: Path, flags: int) -> int:
        """Open a file below the state directory with its mode, whatever the umask; returns a file descriptor."""
        descriptor = os.open(path, flags | os.O_CLOEXEC, self.file_mode)
        if flags & os.O_CREAT and os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, self.file_mode)
        return descriptor

    def _make(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=folder == self.path, exist_ok=True)
        if self.group:
            os.chown(folder, -1, grp.getgrnam(self.group).gr_gid)
            folder.chmod(0o2770)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a synced file in an unsynced folder can be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
