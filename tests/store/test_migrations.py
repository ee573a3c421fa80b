"""Schemas: older ones are brought up to date, newer ones refused."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from aifctl.core.errors import SetupError
from aifctl.store import light, schema
from aifctl.store.damage import NewerStoreError, UnavailableError
from aifctl.store.database import open_database
from aifctl.store.migrations.steps import STEPS
from aifctl.store.place import Place
from aifctl.store.store import open_store
from aifctl.store.tables import METADATA
from tests.store.store_parts import HandClock, begin, execute, opened, place_of

ROOT = Path(__file__).parents[2]
LATER = (*STEPS, ("CREATE TABLE later (a {blob})", "INSERT INTO later VALUES (NULL)"))


def test_the_tables_are_what_the_migrations_make(place: Place) -> None:
    opened(place).close()
    database = open_database(place, bound_s=5)
    with database.reading() as connection:
        found = inspect(connection)
        made = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}
    database.close()
    made.pop("schema_version")
    assert made == {name: set(table.columns.keys()) for name, table in METADATA.tables.items()}


def test_an_older_schema_is_brought_up_to_date_and_keeps_what_it_holds(place: Place) -> None:
    with opened(place) as store:
        begin(store)
    for _ in range(2):
        with open_store(place, clock=HandClock(), steps=LATER) as store:
            assert [row.id for row in store.sweeps()] == ["s1"]
    assert execute(place, "SELECT count(*) FROM later") == [(1,)]
    assert execute(place, "SELECT version FROM schema_version") == [(2,)]


def test_a_migration_that_fails_leaves_the_schema_as_it_was(place: Place) -> None:
    opened(place).close()
    broken = (*STEPS, ("CREATE TABLE later (a INTEGER)", "CREATE NONSENSE"))
    with pytest.raises(Exception, match="NONSENSE"):
        open_store(place, clock=HandClock(), steps=broken)
    with open_store(place, clock=HandClock(), steps=LATER) as store:
        begin(store)


def test_a_newer_schema_is_refused_by_writers_and_readers(place: Place) -> None:
    open_store(place, clock=HandClock(), steps=LATER).close()
    for attempt in (opened, light.open_reader):
        with pytest.raises(NewerStoreError, match=r"newer aifctl \(schema 2, this one knows 1\); update this one"):
            attempt(place)


def test_a_reader_says_who_migrates_an_older_schema(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(place).close()
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(light, "VERSION", 2)
    with pytest.raises(SetupError, match=r"older schema \(1 of 2\); the next `aifctl sweep`"):
        light.open_reader(place)


def test_readers_load_no_sqlalchemy(tmp_path: Path) -> None:
    program = "import sys, aifctl.store.light, aifctl.store.place; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"sqlalchemy", "psycopg", "asyncio", "asyncssh"} & set(done.stdout.split()) == set()


def test_a_database_that_could_not_be_made_when_it_was_opened_is_made_before_it_is_asked(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    assert place.path is not None
    place.path.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(place.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store = opened(place, bound_s=0.05)
        with store:
            with pytest.raises(UnavailableError, match="locked by another"):
                store.sweeps()
            other.execute("ROLLBACK")
            assert store.sweeps() == []
