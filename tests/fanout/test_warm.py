"""Connections that stay open between the runs of one process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aifctl.fanout.warm import WarmTransport
from tests.fakes.fleet import FakeTransport, Script, endpoints
from tests.fakes.virtual_time import VirtualClock, run_virtually

N1, N2 = endpoints(2)


def rounds(
    body: Callable[[WarmTransport], Awaitable[None]], script: Script | None = None, *, most_idle: int = 8
) -> FakeTransport:
    """Run a body with a warm transport; returns the transport below it."""
    inner = FakeTransport(ordinary=script)

    async def main() -> None:
        await body(WarmTransport(inner, clock=VirtualClock(), most_idle=most_idle))

    run_virtually(main())
    return inner


def test_a_link_that_was_closed_serves_the_next_dial_of_its_node() -> None:
    async def body(warm: WarmTransport) -> None:
        for _ in range(3):
            await (await warm.dial(N1)).close()
            await warm.close()
        await (await warm.dial(N2)).close()
        assert warm.idle_count == 2

    assert rounds(body).dials == {"n1": 1, "n2": 1}


def test_a_link_that_is_in_use_serves_nobody_else() -> None:
    async def body(warm: WarmTransport) -> None:
        one, other = await warm.dial(N1), await warm.dial(N1)
        await one.close()
        await other.close()
        assert warm.idle_count == 1

    inner = rounds(body)
    assert (inner.dials["n1"], inner.connected) == (2, 1)


def test_a_link_that_was_aborted_is_gone_for_good() -> None:
    async def body(warm: WarmTransport) -> None:
        (await warm.dial(N1)).abort()
        await (await warm.dial(N1)).close()

    inner = rounds(body)
    assert (inner.dials["n1"], inner.aborted) == (2, ["n1"])


def test_a_link_that_has_been_idle_for_long_is_asked_and_replaced_where_it_is_silent() -> None:
    async def body(warm: WarmTransport) -> None:
        await (await warm.dial(N1)).close()
        await asyncio.sleep(29)
        await (await warm.dial(N1)).close()
        await asyncio.sleep(31)
        await (await warm.dial(N1)).close()

    assert rounds(body).dials["n1"] == 1
    inner = rounds(body, Script(silent=True))
    assert (inner.dials["n1"], inner.aborted) == (2, ["n1"])


def test_no_more_links_wait_than_may() -> None:
    async def body(warm: WarmTransport) -> None:
        for link in [await warm.dial(N1), await warm.dial(N2)]:
            await link.close()
        assert warm.idle_count == 1

    assert rounds(body, most_idle=1).connected == 1


def test_leaving_closes_what_waits_and_what_is_shared() -> None:
    async def body(warm: WarmTransport) -> None:
        await (await warm.dial(N1)).close()
        await warm.leave()

    inner = rounds(body)
    assert (inner.connected, inner.closed) == (0, True)
