"""Nodes held for one run: taken, renewed while it goes on, given back; and what happens when they are lost."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aifctl.core.errors import BackendError, BusyError
from aifctl.core.exit_codes import ExitCode
from aifctl.custody.claims import LEASE_S
from aifctl.fanout.plan import Tally
from aifctl.health.held import Held, held, new_owner
from aifctl.ports.store_writes import By
from tests.fakes.toolbox import TONIGHT, FakeToolbox, LoopClock, toolbox
from tests.fakes.virtual_time import run_virtually

PAT = By(who="pat")


class VirtualNow(LoopClock):
    """Wall time goes with the loop's."""

    def now(self) -> datetime:
        return TONIGHT + timedelta(seconds=self.monotonic_s())


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, clock=VirtualNow())


async def some_run(lasts_s: float) -> Tally:
    await asyncio.sleep(lasts_s)
    return Tally(counts={}, stopped=ExitCode.OK, not_reached=(), reason="")


def owners(tools: FakeToolbox) -> set[str]:
    return {lease.owner for lease in tools.store.leases(at_s=tools.clock.now().timestamp())}


def test_nodes_are_leased_while_inside_and_given_back_whatever_happens(tools: FakeToolbox) -> None:
    seen: list[str] = []

    def fails() -> None:
        seen.extend(lease.scope for lease in tools.store.leases())
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        held(["r1n1", "r1n2"], "reboot", tools.box, owner=new_owner("reboot", tools.box)),
    ):
        fails()
    assert seen == ["node:r1n1", "node:r1n2"]
    assert tools.store.leases() == []


def test_one_node_that_another_run_holds_holds_up_all_and_none_is_taken(tools: FakeToolbox) -> None:
    tools.store.acquire(["node:r1n2"], owner="run x", purpose="play", for_s=60.0)
    with (
        pytest.raises(BusyError, match=r"r1n2 is leased by run x \(play\)"),
        held(["r1n1", "r1n2"], "reboot", tools.box, owner=new_owner("reboot", tools.box)),
    ):
        pytest.fail("it was held")
    assert [lease.owner for lease in tools.store.leases()] == ["run x"]


def test_two_runs_of_one_person_hold_different_leases(tools: FakeToolbox) -> None:
    with (
        held(["r1n1"], "reboot", tools.box, owner=new_owner("reboot", tools.box)),
        pytest.raises(BusyError),
        held(["r1n1"], "reboot", tools.box, owner=new_owner("reboot", tools.box)),
    ):
        pytest.fail("it was held twice")


def lost_after(tools: FakeToolbox, lasts_s: float, at_s: float, what: object) -> Held:
    """Run for so long, and do `what` at some time meanwhile."""

    async def main(lease: Held) -> None:
        asyncio.get_running_loop().call_later(at_s, what)  # type: ignore[arg-type]
        await lease._renewing(some_run(lasts_s))
        assert owners(tools) <= {lease.owner, "thief"}

    with held(["r1n1"], "reboot", tools.box, owner=new_owner("reboot", tools.box)) as lease:
        run_virtually(main(lease))
        return lease


def test_a_run_that_takes_longer_than_its_lease_renews_it(tools: FakeToolbox) -> None:
    seen: list[set[str]] = []
    lease = lost_after(tools, 10 * LEASE_S, 9 * LEASE_S, lambda: seen.append(owners(tools)))
    assert (seen, lease.lost, lease.halt.asked) == ([{lease.owner}], "", None)


def test_a_run_of_which_the_lease_was_broken_dispatches_no_more(tools: FakeToolbox) -> None:
    lease = lost_after(tools, 600.0, 100.0, lambda: tools.store.break_leases(["node:r1n1"], PAT, reason="mine"))
    assert lease.halt.asked is ExitCode.BUSY
    assert "no longer held" in lease.lost


def test_what_somebody_else_has_taken_meanwhile_stays_theirs(tools: FakeToolbox) -> None:
    def steal() -> None:
        tools.store.break_leases(["node:r1n1"], PAT, reason="mine")
        tools.store.acquire(["node:r1n1"], owner="thief", purpose="play", for_s=1e6)

    lease = lost_after(tools, 600.0, 100.0, steal)
    assert lease.halt.asked is ExitCode.BUSY
    assert [one.owner for one in tools.store.leases()] == ["thief"]


@pytest.mark.parametrize(("away_s", "lost"), [(50.0, False), (200.0, True)])
def test_a_store_that_is_away_for_a_moment_is_no_loss_and_for_longer_it_is(
    tools: FakeToolbox, monkeypatch: pytest.MonkeyPatch, away_s: float, *, lost: bool
) -> None:
    renew = tools.store.renew

    def away(*scopes: object, **more: object) -> object:
        if 100.0 <= tools.clock.monotonic_s() < 100.0 + away_s:
            raise BackendError("the database does not answer")
        return renew(*scopes, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(tools.store, "renew", away)
    lease = lost_after(tools, 600.0, 1.0, lambda: None)
    assert (lease.halt.asked is ExitCode.BUSY) is lost
    assert ("ran" in lease.lost or "run out" in lease.lost) is lost


def test_a_run_goes_on_in_a_loop_of_its_own(tools: FakeToolbox) -> None:
    with held(["r1n1"], "reboot", tools.box, owner=new_owner("reboot", tools.box)) as lease:
        assert lease.run(some_run(0.0)).stopped is ExitCode.OK
