"""Looks on their way into the store: in batches, at least once a second, and tried again where it does not take them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from aifctl.core.errors import AifctlError, BackendError, SetupError
from aifctl.health.taking_in import TakingIn
from aifctl.ports.store import QueuedError, Store
from aifctl.ports.store_writes import NodeLook
from tests.fakes.virtual_time import VirtualClock, run_virtually
from tests.store.store_parts import HandClock


@dataclass
class ListStore:
    """Takes looks into lists, or raises what it is told to, once for each."""

    problems: list[AifctlError] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    queued_count: int = 0

    def begin_sweep(self, id: str, **_: Any) -> None:  # noqa: A002  the port's own word
        if self.problems:
            raise self.problems.pop(0)
        self.begun.append(id)

    def add(self, _sweep: str, looks: Sequence[NodeLook]) -> None:
        if self.problems:
            raise self.problems.pop(0)
        self.batches.append([look.node for look in looks])


def look(number: int) -> NodeLook:
    return NodeLook(node=f"n{number}", at_s=1.0, outcome="ok", result="ok")


def taking(store: ListStore, clock: Any) -> TakingIn:
    return TakingIn(cast("Store", store), "s", clock)


def test_looks_are_handed_over_in_batches() -> None:
    store = ListStore()
    some = taking(store, HandClock())
    for number in range(300):
        some.take(look(number))
    assert [len(batch) for batch in store.batches] == [128, 128]
    some.flush()
    some.flush()
    assert [len(batch) for batch in store.batches] == [128, 128, 44]
    assert some.trouble is None


def test_no_look_waits_for_longer_than_a_second() -> None:
    store, clock = ListStore(), HandClock()
    some = taking(store, clock)
    some.take(look(1))
    clock.passed_s += 1.0
    some.take(look(2))
    assert store.batches == [["n1", "n2"]]


def test_no_look_waits_while_nobody_answers() -> None:
    store = ListStore()
    some = taking(store, VirtualClock())

    async def work() -> str:
        some.take(look(1))
        await asyncio.sleep(1.5)
        assert store.batches == [["n1"]]
        return "done"

    assert run_virtually(some.beside(work())) == "done"


def test_a_store_that_is_away_is_tried_again_once_a_second_and_has_all_in_the_end() -> None:
    store, clock = ListStore(problems=[BackendError("away"), BackendError("away")]), HandClock()
    some = taking(store, clock)
    for number in range(1000):
        some.take(look(number))
    assert len(store.problems) == 1  # asked once, not for each of 872 looks
    assert str(some.trouble) == "away"
    clock.passed_s += 1.0
    some.take(look(1000))
    clock.passed_s += 1.0
    some.take(look(1001))
    assert [len(batch) for batch in store.batches] == [1002]
    assert some.trouble is None


@pytest.mark.parametrize("problem", [BackendError("away"), SetupError("the disk is full")])
def test_what_no_store_took_is_trouble_and_told_by_node(problem: AifctlError) -> None:
    some = taking(ListStore(problems=[problem]), HandClock())
    some.take(look(1))
    some.flush()
    assert some.trouble is problem
    assert some.waiting == {look(1).node}


def test_what_is_queued_is_trouble_only_as_long_as_it_is() -> None:
    store = ListStore(problems=[QueuedError("queued"), QueuedError("queued")], queued_count=2)
    some = taking(store, HandClock())
    some.begin(selector="@all", asked=1, probe="", facts={})
    some.take(look(1))
    some.flush()
    assert (str(some.trouble), some.waiting) == ("queued", frozenset())
    store.queued_count = 0
    assert some.trouble is None
