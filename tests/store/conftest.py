"""A store on each of the two databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.server import Server, binaries, running
from tests.store.store_parts import HandClock, opened, place_of


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed; make deps installs it")
    with running(programs) as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.db)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a store."""
    if request.param == "sqlite":
        return place_of(tmp_path)
    made: Server = request.getfixturevalue("server")
    return place_of(tmp_path, made.database())


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(place: Place, clock: HandClock) -> Iterator[SqlStore]:
    with opened(place, clock) as made:
        yield made
