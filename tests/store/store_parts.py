"""What tests of the store have in common: a clock moved by hand, looks, and a way to see all that a database holds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import parse_store_url
from aifctl.ports.store import Reader
from aifctl.ports.store_writes import By, FindingChange, NodeLook
from aifctl.store.light import open_reader
from aifctl.store.place import Place, find_place
from aifctl.store.rebuild import rebuild
from aifctl.store.store import SqlStore, open_store
from aifctl.store.tables import METADATA

T = TypeVar("T")

TONIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOW_S = TONIGHT.timestamp()
PAT = By(who="pat", from_where="192.0.2.9 pts/3")


@dataclass
class HandClock:
    """ports.clock.Clock that stands still until it is told to go on."""

    passed_s: float = 0.0

    def now(self) -> datetime:
        return TONIGHT + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep(self, seconds_s: float) -> None:
        self.passed_s += seconds_s


def place_of(folder: Path, url: str = "") -> Place:
    return find_place(parse_store_url(url), StateDir(path=folder / "state"))


def opened(place: Place, clock: HandClock | None = None, *, bound_s: float = 10.0) -> SqlStore:
    return open_store(place, clock=clock or HandClock(), bound_s=bound_s)


def seen(store: SqlStore, ask: Callable[[Reader], T]) -> T:
    """Ask the store, and the light reader beside it, which must say the same."""
    told = ask(store)
    reader = open_reader(store._writer.database.place)
    assert reader is not None
    with reader:
        assert ask(reader) == told
    return told


def look(node: str, at_s: float = NOW_S, **fields: Any) -> NodeLook:
    """Return a healthy node's look."""
    usual: dict[str, Any] = {"outcome": "ok", "result": "ok", "moving": json.dumps([at_s, 41, 70.5]).encode()}
    return NodeLook(node=node, at_s=at_s, **(usual | fields))


def change(kind: str, check: str = "xid", **fields: Any) -> FindingChange:
    told: dict[str, Any] = {"subject": "gpu:0000:1b:00.0", "code": "79", "result": "fault", "action": "drain"}
    told |= {"message": "fell off the bus", "evidence": {"lines": [1, 2]}}
    return FindingChange(kind=kind, check=check, **(told | fields))


def begin(store: SqlStore, sweep: str = "s1", asked: int = 2) -> None:
    store.begin_sweep(sweep, selector="@all", asked=asked, probe="0123abcd4567", facts={})


def contents(place: Place) -> dict[str, list[Any]]:
    """Return all rows of all tables, in an order of their own."""
    ask = _sqlite if place.path else _postgresql
    tables = [table.name for table in METADATA.tables.values()]
    every = "SELECT * FROM {}"
    return {name: sorted(map(repr, ask(place, every.format(name)))) for name in (*tables, "schema_version")}


def same_as_rebuilt(place: Place) -> None:
    """Compare a database with one made from its log alone."""
    before = contents(place)
    if place.path is None:
        with psycopg.connect(place.conninfo, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    assert rebuild(place, clock=HandClock()).damage == ()
    assert contents(place) == before


def execute(place: Place, sql: str) -> list[Sequence[Any]]:
    return (_sqlite if place.path else _postgresql)(place, sql)


def _sqlite(place: Place, sql: str) -> list[Sequence[Any]]:
    connection = sqlite3.connect(place.path or "")
    try:
        rows = connection.execute(sql).fetchall()
        connection.commit()
    finally:
        connection.close()
    return rows


def _postgresql(place: Place, sql: str) -> list[Sequence[Any]]:
    with psycopg.connect(place.conninfo) as connection:
        cursor = connection.execute(sql.encode("ascii"))
        return list(cursor.fetchall()) if cursor.description else []
