"""Where a store is: its database, and its log in the state directory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.core.secret import Secret
from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.store.filesystems import read_mounts, refuse_network

STORE = "store"
LOG = "log"
DATABASE = "store.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store's place.

    Attributes:
        path: of the SQLite file; None for PostgreSQL.
        conninfo: for libpq. password: what its URL refers to, read.
        log: folder of the log, as parts below the state directory. Each database has a log of its own: what another one
            has applied says nothing of this one.
    """

    state: StateDir
    path: Path | None
    conninfo: str
    password: Secret | None
    log: tuple[str, ...]

    @property
    def dialect(self) -> str:
        return "sqlite" if self.path else "postgresql"

    @property
    def shown(self) -> str:
        return str(self.path or self.conninfo)

    @property
    def connect_arguments(self) -> dict[str, Any]:
        """Return what psycopg wants to know beside the URL."""
        return {"password": self.password.reveal().decode()} if self.password else {}


def find_place(url: StoreUrl, state: StateDir, *, read_secret: Callable[[str], Secret] | None = None) -> Place:
    """Return the place that a URL means. `read_secret` reads the reference to a password."""
    if url.is_postgresql:
        password = (read_secret or _read_secret)(url.password) if url.password else None
        path = None
    else:
        password, path = None, url.path or state.path / STORE / DATABASE
    log = _log_of("postgresql", url.conninfo) if path is None else _log_of("sqlite", str(path.resolve()))
    if path == state.path / STORE / DATABASE:
        log = "default"
    return Place(state=state, path=path, conninfo=url.conninfo, password=password, log=(STORE, LOG, log))


def prepare_file(place: Place, mounts: Callable[[], str] = read_mounts) -> None:
    """Make the SQLite file with its mode, which its WAL inherits; SetupError where it must not or can't lie there."""
    path = place.path
    if path is None:
        return
    refuse_network(path, mounts)
    if path.is_relative_to(place.state.path):
        place.state.folder(*path.parent.relative_to(place.state.path).parts)
    try:
        os.close(place.state.open_file(path, os.O_RDWR | os.O_CREAT))
    except OSError as problem:
        raise SetupError(
            f"the store {path} can't be opened: {problem.strerror}; name another with --state or --state-dir"
        ) from problem


def _log_of(kind: str, what: str) -> str:
    return f"{kind}-{hashlib.sha256(what.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def _read_secret(reference: str) -> Secret:
    from aifctl.custody.secret_source import read_secret  # noqa: PLC0415  readers without a password load nothing of it

    return read_secret(reference, what="the store's password")
