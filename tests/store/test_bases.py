"""Readings are kept as what differs from the first one with the same facts, and read back whole whatever came between."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from aifctl.core.errors import SetupError
from aifctl.store.place import Place
from aifctl.store.store import SqlStore
from tests.store.store_parts import NOW_S, HandClock, begin, execute, look, same_as_rebuilt, seen

FACTS = {name: name.encode() for name in ("a" * 64, "b" * 64)}
A, B = FACTS


def numbers(seed: int) -> bytes:
    """Return what moves of a node: many counters, of which a look finds a few changed."""
    told = [index * 7_654_321 % 999_999_937 for index in range(300)]
    for index in range(seed % 7, 300, 30):
        told[index] += 13 * seed
    return json.dumps(told, separators=(",", ":")).encode()


def add(store: SqlStore, sweep: str, number: int, digest: str = "", at_s: float | None = None) -> bytes:
    moving = numbers(number)
    at_s = NOW_S + number if at_s is None else at_s
    facts = FACTS[digest] if digest else None
    store.add(sweep, [look("n1", at_s, moving=moving, facts_digest=digest, facts=facts)])
    return moving


def kept_bytes(place: Place) -> list[int]:
    return [row[0] for row in execute(place, "SELECT length(moving) FROM readings ORDER BY at")]


def read(store: SqlStore) -> Sequence[bytes]:
    return [row.moving for row in seen(store, lambda reader: reader.readings("n1"))]


def test_a_reading_takes_a_fraction_of_the_first_with_its_facts(store: SqlStore, place: Place) -> None:
    told = []
    for number in range(4):
        begin(store, f"s{number}")
        told.append(add(store, f"s{number}", number, "" if number else A))
    assert read(store) == told
    ((whole,),) = execute(place, "SELECT length(base) FROM node_facts")
    assert max(kept_bytes(place)) < whole / 4


def test_new_facts_begin_anew_and_all_that_was_is_still_read(store: SqlStore, place: Place) -> None:
    told = []
    for number, digest in enumerate((A, "", B, "", A, "")):
        begin(store, f"s{number}")
        told.append(add(store, f"s{number}", number, digest))
    assert read(store) == told
    assert execute(place, "SELECT count(base) FROM node_facts") == [(3,)]
    store.close()
    same_as_rebuilt(place)


def test_facts_stay_as_long_as_a_reading_is_to_be_read_by_them(store: SqlStore, place: Place, clock: HandClock) -> None:
    begin(store, "s0")
    add(store, "s0", 0, A)
    store.end_sweep("s0", answered=1, exit_code=0, facts={})
    begin(store, "slow")
    clock.passed_s = 1000
    begin(store, "quick")
    told = [add(store, "quick", 1, at_s=NOW_S + 1001)]
    add(store, "slow", 2, B, at_s=NOW_S + 1002)
    for sweep in ("slow", "quick"):
        store.end_sweep(sweep, answered=1, exit_code=0, facts={})

    assert store.prune(before_s=NOW_S + 500).facts_count == 0
    assert read(store) == told
    clock.passed_s = 2000
    begin(store, "next")
    told = [add(store, "next", 3, at_s=NOW_S + 2001)]
    assert store.prune(before_s=NOW_S + 1500).facts_count == 1
    assert read(store) == told
    store.close()
    same_as_rebuilt(place)


def test_a_reading_whose_base_is_gone_is_told_never_guessed(store: SqlStore, place: Place) -> None:
    begin(store)
    add(store, "s1", 0, A)
    execute(place, "UPDATE node_facts SET base = NULL")
    with pytest.raises(SetupError, match="store rebuild"):
        store.readings("n1")
