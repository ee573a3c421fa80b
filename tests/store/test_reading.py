"""How a store is read: by its indexes, and without leave of whoever writes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from aifctl.store.light import open_reader
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store import growth
from tests.store.store_parts import NOW_S, begin, execute, look, opened
from tests.store.test_writing import locked


def watched(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[object, ...]]]:
    """Return what the store asks of its database from now on."""
    asked, ask = list[tuple[str, tuple[object, ...]]](), store._fetch

    def told(sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        asked.append((sql, tuple(values)))
        return ask(sql, values)

    monkeypatch.setattr(store, "_fetch", told)
    return asked


def plan_of(store: SqlStore, sql: str, values: tuple[object, ...]) -> str:
    """Return how the database would find this, with scans of whole tables forbidden to it where that can be."""
    if store._writer.database.place.path:
        return "\n".join(str(row[3]) for row in store._ask(f"EXPLAIN QUERY PLAN {sql}", values))
    with store._writer.database.reading() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {sql.replace('?', '%s')}", values)
        return "\n".join(str(row[0]) for row in rows)


def test_the_newest_look_at_a_node_is_one_question_that_an_index_answers(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store)
    store.add("s1", [look(f"n{number}", memory=b"[]") for number in range(200)])
    asked = watched(store, monkeypatch)
    assert store.node_now("n7") is not None
    ((sql, values),) = asked
    plan = plan_of(store, sql, values)
    assert plan.lower().count("index") + plan.count("PRIMARY KEY") >= 3
    assert [line for line in plan.splitlines() if "SCAN" in line or "Seq Scan" in line] == []


def test_the_readings_of_a_node_are_found_by_an_index(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(store)
    store.add("s1", [look(f"n{number}") for number in range(200)])
    asked = watched(store, monkeypatch)
    assert len(store.readings("n7")) == 1
    ((sql, values),) = asked
    assert "readings_node" in plan_of(store, sql, values)


def test_what_moves_is_one_deflated_blob_for_a_node_and_a_sweep(store: SqlStore, place: Place) -> None:
    begin(store)
    moving = b"[" + b"0,1," * 500 + b"2]"
    store.add("s1", [look("n1", moving=moving), look("n1", NOW_S + 1, moving=b"[9]"), look("n2", moving=moving)])
    rows = execute(place, "SELECT node_id, sweep, moving FROM readings ORDER BY node_id")
    assert [(row[0], row[1]) for row in rows] == [(1, 1), (2, 1)]
    assert [zlib.decompress(row[2]) for row in rows] == [moving, moving]
    assert len(bytes(rows[0][2])) < len(moving) / 10


def test_whoever_looks_waits_for_nobody_who_writes(place: Place) -> None:
    with opened(place) as store:
        begin(store)
        store.add("s1", [look("n1")])
    with locked(place):
        reader = open_reader(place, bound_s=0.01)
        assert reader is not None
        with reader:
            assert [row.node for row in reader.nodes_now()] == ["n1"]
    if place.path:  # not for the moment of a commit either
        assert execute(place, "PRAGMA journal_mode") == [("wal",)]


def test_a_node_that_is_as_it_was_adds_a_kilobyte_to_a_store_at_the_most(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(40, 20) == 0
    assert "40 nodes, 20 sweeps" in capsys.readouterr().out
