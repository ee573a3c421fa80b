"""Sources around sources."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from aifctl.core.outcome import Outcome
from aifctl.fanout.retry import RetrySource
from aifctl.fanout.source import Source
from aifctl.fanout.sources import (
    BrakeSource,
    BudgetSource,
    ListSource,
    StragglerSource,
    WaveSource,
    by_scope,
)
from aifctl.ports.work import NodeResult
from tests.fakes.fleet import endpoints
from tests.fakes.virtual_time import VirtualClock, run_virtually


def result(node: str, outcome: Outcome = Outcome.OK, *, started_at: float = 0.0) -> NodeResult:
    return NodeResult(node=node, outcome=outcome, started_at=started_at)


async def take(source: Source) -> list[str]:
    """Take nodes until the source ends or waits."""
    names: list[str] = []
    while True:
        asking = asyncio.ensure_future(source.next())
        await asyncio.sleep(0.01)
        if not asking.done():
            asking.cancel()
            return names
        endpoint = asking.result()
        if endpoint is None:
            return [*names, "end"]
        names.append(endpoint.name)


def check(scenario: Coroutine[Any, Any, None]) -> None:
    run_virtually(scenario)


def test_a_wave_waits_for_all_results_of_the_one_before() -> None:
    async def scenario() -> None:
        source = WaveSource(ListSource(endpoints(5)), nodes_count=2)
        assert await take(source) == ["n1", "n2"]
        source.told(result("n1"))
        assert await take(source) == []
        source.told(result("n2", Outcome.LOST))
        assert await take(source) == ["n3", "n4"]
        source.told(result("n3"))
        source.told(result("n4"))
        assert await take(source) == ["n5", "end"]

    check(scenario())


def test_waves_go_by_rack_where_a_scope_is_named() -> None:
    racks = {"n1": "r1", "n2": "r2", "n3": "r1", "n4": "r2"}

    async def scenario() -> None:
        source = WaveSource(ListSource(by_scope(endpoints(5), racks)), scope=racks)
        assert await take(source) == ["n1", "n3"]
        source.told(result("n1"))
        source.told(result("n3"))
        assert await take(source) == ["n2", "n4"]
        source.told(result("n2"))
        source.told(result("n4"))
        assert await take(source) == ["n5", "end"]

    check(scenario())


def test_a_budget_has_never_more_in_flight_than_may_still_fail() -> None:
    async def scenario() -> None:
        source = BudgetSource(ListSource(endpoints(9)), 3)
        assert await take(source) == ["n1", "n2", "n3"]
        source.told(result("n1"))
        assert await take(source) == ["n4"]
        source.told(result("n2", Outcome.EXIT))
        assert await take(source) == []
        source.told(result("n3"))
        assert await take(source) == ["n5"]
        source.told(result("n4", Outcome.REFUSED))
        source.told(result("n5", Outcome.LOST))
        assert await take(source) == ["end"]
        assert source.spent

    check(scenario())


def test_a_budget_of_none_goes_one_by_one_up_to_the_first_failure() -> None:
    async def scenario() -> None:
        source = BudgetSource(ListSource(endpoints(3)), 0)
        assert await take(source) == ["n1"]
        source.told(result("n1"))
        assert await take(source) == ["n2"]
        source.told(result("n2", Outcome.EXIT))
        assert await take(source) == ["end"]

    check(scenario())


def test_skipped_and_cancelled_nodes_use_up_no_budget() -> None:
    async def scenario() -> None:
        source = BudgetSource(ListSource(endpoints(3)), 1)
        for node, outcome in (("n1", Outcome.SKIPPED), ("n2", Outcome.CANCELLED)):
            assert await take(source) == [node]
            source.told(result(node, outcome))
        assert await take(source) == ["n3"]

    check(scenario())


def test_too_many_bugs_stop_the_asking_and_are_told_once() -> None:
    stops: list[str] = []

    async def scenario() -> None:
        source = BrakeSource(ListSource(endpoints(300)), most_bugs=2, on_stop=lambda: stops.append("stop"))
        for node in ("n1", "n2"):
            source.told(result(node, Outcome.UNKNOWN))
        assert not stops
        source.told(result("n3", Outcome.UNKNOWN))
        source.told(result("n4", Outcome.UNKNOWN))
        assert await take(source) == ["end"]

    check(scenario())
    assert stops == ["stop"]


def test_stragglers_are_those_after_the_share() -> None:
    async def scenario() -> None:
        source = StragglerSource(ListSource(endpoints(200)), share=0.995, total=200)
        for number in range(1, 199):
            source.told(result(f"n{number}"))
        assert not source.reached.is_set()
        source.told(result("n199"))
        assert source.reached.is_set()

    check(scenario())


def retrying(source: Source, retries: int) -> RetrySource:
    return RetrySource(source, retries=retries, clock=VirtualClock(), jitter=lambda: 0.5)


def test_a_throttled_node_comes_again_after_a_growing_pause() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        source = retrying(ListSource(endpoints(1)), 3)
        at: list[float] = []
        told: NodeResult | None = None
        for _ in range(4):
            assert (await source.next()) is not None
            at.append(loop.time())
            told = source.told(result("n1", Outcome.THROTTLED))
        assert at == pytest.approx([0.0, 0.5, 1.5, 3.5])
        assert told is not None
        assert told.attempts == 4
        assert await source.next() is None

    check(scenario())


@pytest.mark.parametrize("outcome", [Outcome.AUTH, Outcome.HOST_KEY, Outcome.LOCAL, Outcome.LOST, Outcome.EXIT])
def test_what_does_not_pass_by_itself_is_not_tried_again(outcome: Outcome) -> None:
    async def scenario() -> None:
        source = retrying(ListSource(endpoints(1)), 3)
        await source.next()
        assert source.told(result("n1", outcome)) is not None
        assert await source.next() is None

    check(scenario())


def test_a_node_on_which_something_has_started_is_never_tried_again() -> None:
    async def scenario() -> None:
        source = retrying(ListSource(endpoints(1)), 3)
        await source.next()
        assert source.told(result("n1", Outcome.PROTOCOL, started_at=1.0)) is not None

    check(scenario())


def test_a_wave_does_not_wait_in_vain_for_the_node_that_is_to_be_tried_again() -> None:
    async def scenario() -> None:
        source = retrying(WaveSource(ListSource(endpoints(3)), nodes_count=1), 1)
        assert await take(source) == ["n1"]
        source.told(result("n1", Outcome.REFUSED))
        asking = asyncio.ensure_future(source.next())
        endpoint = await asking
        assert endpoint is not None
        assert endpoint.name == "n1"
        source.told(result("n1"))
        assert await take(source) == ["n2"]

    check(scenario())


def test_nodes_that_wait_for_their_next_try_when_the_run_ends_keep_their_last_result() -> None:
    async def scenario() -> None:
        source = retrying(ListSource(endpoints(2)), 5)
        await take(source)
        source.told(result("n1", Outcome.REFUSED))
        source.told(result("n2"))
        assert [(each.node, each.outcome) for each in source.give_up()] == [("n1", Outcome.REFUSED)]
        assert source.give_up() == []

    check(scenario())
