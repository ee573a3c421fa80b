"""What does not fit into a record of a journal: files beside it, named by the SHA-256 of what they hold."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal_format import FACTS, OUTPUT
from aifctl.fanout.run_ids import RUNS


class SideFiles:
    """The side files of one run; OSError where one can't be written, and then there is none, not half of one."""

    def __init__(self, state: StateDir, folder: Path) -> None:
        self.folder = folder
        self._state = state
        self._kept: set[str] = set()
        self._folders: dict[str, Path] = {}

    def keep_facts(self, data: bytes, *, durable: bool = False) -> str:
        """Keep JSON text and return its name."""
        name = hashlib.sha256(data).hexdigest()
        self._keep(FACTS, name, data, durable=durable)
        return name

    def keep_output(self, name: str, data: bytes) -> None:
        """Keep one stream of one node: its digest is its name, with the size behind a dot where it was truncated."""
        self._keep(OUTPUT, name, data, durable=False)

    def _keep(self, kind: str, name: str, data: bytes, *, durable: bool) -> None:
        if name in self._kept:
            return
        final = self._folder(kind) / name
        # Written aside and renamed: a name that stands for a digest never holds half of it.
        aside = final.with_name(f".{name}.{os.getpid()}")
        try:
            self._write(aside, data, durable=durable)
            aside.rename(final)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
        self._kept.add(name)

    def _folder(self, kind: str) -> Path:
        if kind not in self._folders:
            self._folders[kind] = self._state.folder(RUNS, self.folder.name, kind)
        return self._folders[kind]

    def _write(self, path: Path, data: bytes, *, durable: bool) -> None:
        descriptor = self._state.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
