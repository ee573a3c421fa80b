"""The store for those who only look: stdlib sqlite3, or psycopg alone. SQLAlchemy would cost them 150 ms at each start."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aifctl.core.errors import SetupError
from aifctl.store.asking import Fetch, for_psycopg
from aifctl.store.place import Place
from aifctl.store.problems import translated
from aifctl.store.reads import Reads
from aifctl.store.schema import HAS_VERSION, SELECT_VERSION, VERSION, refuse_newer, refuse_older

_BOUND_S = 5.0


class LightReader(Reads):
    """Implements ports.store.Reader. Each question sees the newest that is committed."""

    def __init__(self, fetch: Fetch, close: Callable[[], None]) -> None:
        super().__init__(fetch)
        self._close = close

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_reader(place: Place, *, bound_s: float = _BOUND_S) -> LightReader | None:
    """Open a store for reading; None where there is none yet.

    Raises:
        SetupError: it is damaged, or its schema is newer than we are, or older and waits for a writer to migrate it.
        BackendError: it does not answer.
    """
    if place.path is not None and (not place.path.exists() or not place.path.stat().st_size):
        return None
    fetch, close = (_postgresql if place.path is None else _sqlite)(place, bound_s)
    try:
        version = _version(fetch, place)
    except BaseException:
        close()
        raise
    if version == 0:
        close()
        return None
    return LightReader(fetch, close)


def _version(fetch: Fetch, place: Place) -> int:
    if not fetch(HAS_VERSION[place.dialect], [])[0][0]:
        return 0
    version = int(fetch(SELECT_VERSION, [])[0][0])
    refuse_newer(version, VERSION, place.shown)
    refuse_older(version, place.shown)
    return version


def _sqlite(place: Place, bound_s: float) -> tuple[Fetch, Callable[[], None]]:
    with _translating(place):
        uri = f"file:{quote(str(place.path))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=bound_s, isolation_level=None)

    def fetch(sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        with _translating(place):
            return connection.execute(sql, tuple(values)).fetchall()

    return fetch, connection.close


def _postgresql(place: Place, bound_s: float) -> tuple[Fetch, Callable[[], None]]:
    try:
        import psycopg  # noqa: PLC0415  an extra: who uses SQLite does without
    except ImportError as problem:
        raise SetupError(
            f"the store {place.shown} needs psycopg, which is not installed; pip install 'aifctl[postgresql]'"
        ) from problem
    with _translating(place):
        connection = psycopg.connect(
            place.conninfo,
            autocommit=True,
            application_name="aifctl",
            connect_timeout=max(1, round(bound_s)),
            **place.connect_arguments,
        )
        connection.read_only = True

    def fetch(sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        with _translating(place):
            # Bytes, as psycopg wants SQL that is not a literal of the program's text.
            return list(connection.execute(for_psycopg(sql).encode("ascii"), tuple(values)).fetchall())

    return fetch, connection.close


@contextmanager
def _translating(place: Place) -> Iterator[None]:
    """Say in our words what the drivers say; neither of them need be imported for that."""
    try:
        yield
    except Exception as problem:
        meant = translated(problem, place.shown)
        if meant is None:
            raise
        raise meant from problem
