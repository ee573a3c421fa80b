"""The database: transactions that wait only so long, and a schema that is brought up to date under a lock.

SQLite runs in WAL mode with synchronous=NORMAL: after a power cut the newest transactions may be gone, whole and from the end,
and with them what they say is applied of the log. The log was on the disk before them, so that whoever opens the store next applies
them again. FULL would cost a second fsync per transaction and save nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from aifctl.core.errors import SetupError
from aifctl.store.migrations.steps import STEPS, TYPES
from aifctl.store.place import Place
from aifctl.store.problems import translated
from aifctl.store.schema import HAS_VERSION, SELECT_VERSION, refuse_newer

_WRITES = "aifctl_writes"
#: Any number that other users of the same server are unlikely to lock.
_MIGRATION_LOCK = 0x61696663
#: One to write with, one to read with.
_POOL: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 2, "max_overflow": 0}
Steps = Sequence[Sequence[str]]

_FREE = ("freelist_count", "page_size")
#: 16 MB: some tenths of a second, in which nobody else can write.
_VACUUM_PAGES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database; `bound_s` is how long a transaction waits for others."""

    place: Place
    engine: Engine
    steps: Steps = STEPS

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that alone writes, and commit it; what the database says is translated (see problems)."""
        with (
            self._translating(),
            self.engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that sees one moment."""
        with self._translating(), self.engine.connect() as connection:
            if self.place.dialect == "postgresql":  # whose usual one sees a moment of its own in each statement
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def migrate(self) -> None:
        """Bring the schema up to date; NewerStoreError where it is newer than we are."""
        with self.reading() as connection:
            version = self._version(connection)
        refuse_newer(version, len(self.steps), self.place.shown)
        if version < len(self.steps):
            with self.writing() as connection:
                self._migrate(connection)

    def is_new(self) -> bool:
        """Tell whether nobody has made a store here yet."""
        with self.reading() as connection:
            return self._version(connection) == 0

    def give_back(self) -> int:
        """Give what is free within an SQLite file back to its disk, and return how many bytes; PostgreSQL sees to its own.

        In bites that others can write between. VACUUM would copy the whole file, in as much free space again, and lock
        writers out meanwhile. A file from before there was incremental vacuum is not made smaller; it uses what is free.
        """
        if self.place.dialect != "sqlite":
            return 0
        bytes_count = 0
        while True:
            with self.writing() as connection:
                free, size_bytes = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _FREE)
                # By the driver itself, and page by page: each is a row without a column, of which it takes no second one.
                with closing(connection.connection.cursor()) as cursor:
                    for _ in range(min(free, _VACUUM_PAGES)):
                        cursor.execute("PRAGMA incremental_vacuum(1)")
                given = free - connection.exec_driver_sql(f"PRAGMA {_FREE[0]}").scalar_one()
            bytes_count += given * size_bytes
            if not given:
                return int(bytes_count)

    def close(self) -> None:
        self.engine.dispose()

    def _migrate(self, connection: Connection) -> None:
        if self.place.dialect == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        version = self._version(connection)  # somebody may have been quicker
        types = TYPES[self.place.dialect]
        for step in self.steps[version:]:
            for statement in step:
                connection.exec_driver_sql(statement.format(**types))
        if version == 0:
            connection.exec_driver_sql("CREATE TABLE schema_version (version INTEGER NOT NULL)")
            connection.exec_driver_sql("INSERT INTO schema_version (version) VALUES (0)")
        connection.execute(text("UPDATE schema_version SET version = :now"), {"now": max(version, len(self.steps))})

    def _version(self, connection: Connection) -> int:
        if not connection.exec_driver_sql(HAS_VERSION[self.place.dialect]).scalar():
            return 0
        return int(connection.exec_driver_sql(SELECT_VERSION).scalar_one())

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as problem:
            meant = translated(problem, self.place.shown)
            if meant is None:
                raise
            raise meant from problem


def open_database(place: Place, *, bound_s: float, steps: Steps = STEPS) -> Database:
    """Return the database at a place; nothing is connected yet."""
    make = _postgresql(place, bound_s) if place.path is None else _sqlite(place, bound_s)
    return Database(place=place, engine=make(), steps=steps)


def _sqlite(place: Place, bound_s: float) -> Callable[[], Engine]:
    def connect() -> sqlite3.Connection:
        # isolation_level None: transactions begin where we say so, in the manner that we say (see _begin).
        return sqlite3.connect(place.path or "", timeout=bound_s, isolation_level=None, check_same_thread=False)

    def make() -> Engine:
        engine = create_engine("sqlite://", creator=connect, **_POOL)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    return make


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The first of them counts before there is a page, and never after.
    for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA journal_size_limit=4194304")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes would fail at once, without waiting, where another has written between.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(place: Place, bound_s: float) -> Callable[[], Engine]:
    try:
        import psycopg  # noqa: PLC0415  an extra: who uses SQLite does without
    except ImportError as problem:
        raise SetupError(
            f"the store {place.shown} needs psycopg, which is not installed; pip install 'aifctl[postgresql]'"
        ) from problem

    def connect() -> psycopg.Connection[Any]:
        bound = max(1, round(bound_s))
        return psycopg.connect(
            place.conninfo,
            application_name="aifctl",
            connect_timeout=bound,
            tcp_user_timeout=bound * 2000,
            **place.connect_arguments,
        )

    def make() -> Engine:
        engine = create_engine("postgresql+psycopg://", creator=connect, pool_pre_ping=True, **_POOL)

        def set_up(connection: Any, _record: Any) -> None:
            connection.execute(f"SET lock_timeout = {round(bound_s * 1000)}")
            connection.commit()

        event.listen(engine, "connect", set_up)
        return engine

    return make
