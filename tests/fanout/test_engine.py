"""The engine on a fleet in memory and made-up time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.core.outcome import Outcome
from aifctl.fanout.engine import FanOut
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.retry import RetrySource
from aifctl.fanout.sources import BudgetSource, ListSource, WaveSource
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, Ended
from aifctl.ports.work import NodeResult
from tests.fakes.fleet import FakeTransport, Script, endpoints
from tests.fakes.run_parts import desks
from tests.fakes.virtual_time import VirtualClock, run_virtually
from tests.fuzzing import examples

WORK = ExecWork(command=Command(line="hostname", timeout_s=300.0))


@dataclass
class Outing:
    """One fan-out and what came of it."""

    transport: FakeTransport
    results: list[NodeResult] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def outcomes(self) -> dict[str, Outcome]:
        assert len({result.node for result in self.results}) == len(self.results), "a node was told about twice"
        return {result.node: result.outcome for result in self.results}


def go(
    count: int | Sequence[Endpoint],
    scripts: Mapping[str, Script] | None = None,
    *,
    ordinary: Script | None = None,
    width: int = 256,
    dial_width: int = 128,
    connections: int = 1 << 20,
) -> Outing:
    """Run a fan-out over n1 … nCOUNT."""
    outing = Outing(FakeTransport(scripts, ordinary))
    nodes = endpoints(count) if isinstance(count, int) else count

    async def main() -> None:
        await FanOut(
            ListSource(nodes),
            outing.transport.dial,
            WORK,
            width=width,
            each=outing.results.append,
            desks=desks(),
            dial_width=dial_width,
            connections=connections,
        ).run()
        outing.took_s = asyncio.get_running_loop().time()

    run_virtually(main())
    return outing


def test_every_node_gets_its_own_result() -> None:
    outing = go(
        4,
        {
            "n1": Script(stdout=(b"a", b"b")),
            "n2": Script(ended=Ended(rc=3)),
            "n3": Script(ended=Ended(signal="KILL")),
            "n4": Script(dial_error=Outcome.REFUSED),
        },
    )
    assert outing.outcomes == {
        "n1": Outcome.OK,
        "n2": Outcome.EXIT,
        "n3": Outcome.SIGNALLED,
        "n4": Outcome.REFUSED,
    }
    by_node = {result.node: result for result in outing.results}
    assert by_node["n1"].stdout.inline == b"ab"
    assert by_node["n2"].rc == 3
    assert by_node["n3"].message == "ended by signal KILL"
    assert by_node["n4"].started_at == 0


def test_no_nodes_end_at_once() -> None:
    assert go(0).results == []


def test_never_more_nodes_are_connected_than_the_width() -> None:
    outing = go(50, ordinary=Script(dial_s=0.2, run_s=0.7), width=7)
    assert len(outing.results) == 50
    assert outing.transport.most_at_once == 7


def test_never_more_dials_are_under_way_than_their_own_limit() -> None:
    outing = go(60, ordinary=Script(dial_s=0.5), width=50, dial_width=6)
    assert outing.transport.most_dialling == 6


def test_dead_nodes_slow_the_rest_by_no_more_than_their_own_timeout() -> None:
    dead = {f"n{number}": Script(dial_s=10.0, dial_error=Outcome.CONNECT_TIMEOUT) for number in range(1, 6001, 20)}
    ordinary = Script(dial_s=0.1, run_s=0.5)
    without, with_dead = go(5700, ordinary=ordinary), go(6000, dead, ordinary=ordinary)
    assert sum(result.outcome is Outcome.CONNECT_TIMEOUT for result in with_dead.results) == 300
    assert with_dead.took_s <= without.took_s + 10.0 + 2.0


def test_dead_nodes_that_all_stand_first_hold_up_nobody() -> None:
    dead = {f"n{number}": Script(dial_s=10.0, dial_error=Outcome.CONNECT_TIMEOUT) for number in range(1, 301)}
    assert go(6000, dead, ordinary=Script(dial_s=0.1, run_s=0.5)).took_s <= 12.0 + 5700 * 0.6 / 256


def test_a_slow_node_that_answers_late_is_worked_on_like_any_other() -> None:
    outing = go(5, {"n1": Script(dial_s=7.0)}, ordinary=Script(run_s=1.0), width=1)
    assert set(outing.outcomes.values()) == {Outcome.OK}


def test_slow_dials_stay_within_the_descriptors() -> None:
    outing = go(200, ordinary=Script(dial_s=5.0, dial_error=Outcome.CONNECT_TIMEOUT), width=8, connections=20)
    assert outing.transport.most_at_once == 20
    assert len(outing.results) == 200


def test_silence_never_lowers_the_dial_limit() -> None:
    silent = Script(dial_s=0.5, dial_error=Outcome.CONNECT_TIMEOUT)
    assert go(256, ordinary=silent, dial_width=64).took_s == pytest.approx(256 / 64 * 0.5)


def test_closed_banners_halve_the_dial_limit_once_per_round() -> None:
    throttled = {f"n{number}": Script(dial_s=0.5, dial_error=Outcome.THROTTLED) for number in range(1, 65)}
    outing = go(96, throttled, ordinary=Script(dial_s=0.5), dial_width=64)
    assert outing.took_s == pytest.approx(0.5 + 0.5)  # 64 in the first round, 32 in the second
    assert go(97, throttled, ordinary=Script(dial_s=0.5), dial_width=64).took_s == pytest.approx(1.5)


def test_a_bug_while_handling_one_node_is_that_nodes_unknown_with_its_traceback() -> None:
    outing = go(3, {"n1": Script(dial_bug=True), "n2": Script(run_bug=True, stdout=(b"x",))})
    assert outing.outcomes == {"n1": Outcome.UNKNOWN, "n2": Outcome.UNKNOWN, "n3": Outcome.OK}
    by_node = {result.node: result for result in outing.results}
    assert "a bug in dialling" in by_node["n1"].trace
    assert by_node["n2"].message == "a bug of ours: ZeroDivisionError: a bug in running"
    assert by_node["n2"].started_at > 0
    assert by_node["n2"].survivors is None


def test_a_link_that_dies_mid_command_is_lost_and_keeps_what_was_printed() -> None:
    (result,) = go(1, {"n1": Script(dies=True, stdout=(b"half",))}).results
    assert (result.outcome, result.stdout.inline, result.survivors) == (Outcome.LOST, b"half", None)


def test_a_connection_is_closed_where_the_node_answered_and_dropped_where_it_did_not() -> None:
    outing = go(2, {"n1": Script(dies=True)})
    assert outing.transport.aborted == ["n1"]
    assert outing.transport.connected == 0


def test_what_each_raises_ends_the_fan_out_and_drops_every_connection() -> None:
    transport = FakeTransport(ordinary=Script(run_s=None), scripts={"n1": Script()})

    def refuse(_: NodeResult) -> None:
        raise BrokenPipeError("nobody reads")

    async def main() -> None:
        await FanOut(ListSource(endpoints(5)), transport.dial, WORK, width=8, each=refuse, desks=desks()).run()

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        run_virtually(main())
    assert transport.connected == 0


class Asked:
    """A source that knows whether it is asked properly."""

    def __init__(self, nodes: Sequence[Endpoint]) -> None:
        self._nodes = list(nodes)
        self.in_flight: set[str] = set()
        self.failed = 0
        self.ended = self._inside = False
        self.most_at_risk: list[int] = []

    async def next(self) -> Endpoint | None:
        assert not self.ended, "asked again after the end"
        assert not self._inside, "asked by two at a time"
        self._inside = True
        await asyncio.sleep(0)
        self._inside = False
        if not self._nodes:
            self.ended = True
            return None
        node = self._nodes.pop()
        self.in_flight.add(node.name)
        self.most_at_risk.append(len(self.in_flight) + self.failed)
        return node

    def told(self, result: NodeResult) -> NodeResult | None:
        self.in_flight.remove(result.node)
        self.failed += result.outcome is not Outcome.OK
        return result


scripts = st.builds(
    Script,
    dial_s=st.sampled_from([0.0, 0.3, 5.0]),
    dial_errors=st.lists(st.sampled_from([Outcome.THROTTLED, Outcome.REFUSED, Outcome.AUTH]), max_size=3).map(tuple),
    dial_error=st.sampled_from([None, None, None, Outcome.CONNECT_TIMEOUT]),
    dial_bug=st.sampled_from([False, False, False, True]),
    run_bug=st.sampled_from([False, False, False, True]),
    run_s=st.sampled_from([0.0, 0.4, 9.0, None]),
    dies=st.booleans(),
)


@settings(max_examples=examples(60))
@given(
    fleet=st.lists(scripts, max_size=25),
    width=st.integers(1, 6),
    budget=st.integers(1, 8),
    wave=st.integers(1, 5),
    retries=st.integers(0, 2),
    halt_after_s=st.sampled_from([None, 0.0, 0.35, 4.0]),
)
def test_whatever_fails_each_node_has_one_result_and_no_bound_is_broken(
    *, fleet: list[Script], width: int, budget: int, wave: int, retries: int, halt_after_s: float | None
) -> None:
    nodes = endpoints(len(fleet))
    transport = FakeTransport({node.name: script for node, script in zip(nodes, fleet, strict=True)})
    results: list[NodeResult] = []
    asked = Asked(nodes)

    async def main() -> RetrySource:
        source = RetrySource(
            BudgetSource(WaveSource(asked, nodes_count=wave), budget),
            retries=retries,
            clock=VirtualClock(),
            jitter=lambda: 0.5,
        )
        running = FanOut(source, transport.dial, WORK, width=width, each=results.append, desks=desks())
        if halt_after_s is not None:
            asyncio.get_running_loop().call_later(halt_after_s, running.halt, "stopped")
        await running.run()
        results.extend(source.give_up())
        return source

    run_virtually(main())
    told = [result.node for result in results]
    assert len(told) == len(set(told))
    assert asked.in_flight <= {node.name for node in nodes} - set(told)
    if halt_after_s is None and asked.failed < budget:
        assert set(told) == {node.name for node in nodes}
    assert asked.failed <= budget
    assert transport.most_working <= width
    assert transport.connected == transport.dialling == 0


def test_fifty_thousand_nodes_pass_through_the_engine() -> None:
    outing = go(50_000)
    assert len(outing.results) == 50_000
    assert set(outing.outcomes.values()) == {Outcome.OK}


def test_a_fan_out_with_nothing_under_way_ends_when_it_is_stopped() -> None:
    results: list[NodeResult] = []

    async def main() -> None:
        fan_out = FanOut(
            ListSource(endpoints(3)), FakeTransport().dial, WORK, width=0, each=results.append, desks=desks()
        )
        asyncio.get_running_loop().call_later(5.0, fan_out.stop)
        async with asyncio.timeout(60.0):
            await fan_out.run()

    assert run_virtually(main()) is None
    assert results == []
