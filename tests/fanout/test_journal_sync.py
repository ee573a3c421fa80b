"""The once-a-second sync of a journal."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aifctl.fanout.journal_sync import GroupSync


def test_what_is_written_is_synced_within_the_interval_though_nobody_waits() -> None:
    async def main() -> None:
        loop, synced = asyncio.get_running_loop(), asyncio.Event()

        def note() -> None:
            loop.call_soon_threadsafe(synced.set)

        sync = GroupSync(note, interval_s=0.0)
        sync.wrote()
        await synced.wait()
        sync.close()

    asyncio.run(main())


def test_the_timer_is_armed_once_however_much_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        armed: list[float] = []
        call_later = loop.call_later

        def noted(delay_s: float, *rest: object) -> asyncio.TimerHandle:
            armed.append(delay_s)
            return call_later(delay_s, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(loop, "call_later", noted)
        sync = GroupSync(lambda: None, interval_s=1.0)
        for _ in range(1000):
            sync.wrote()
        sync.close()
        assert armed == [1.0]

    asyncio.run(main())


class HeldSync:
    """A sync that takes as long as it is held; `begun` is set in the loop when the first call is under way."""

    def __init__(self) -> None:
        self.count = 0
        self.begun = asyncio.Event()
        self.release = threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        self.count += 1
        self._loop.call_soon_threadsafe(self.begun.set)
        self.release.wait()


def test_all_that_is_written_while_a_sync_takes_its_time_shares_the_next_one() -> None:
    async def main() -> None:
        held = HeldSync()
        sync = GroupSync(held)
        sync.wrote()
        waiting = [asyncio.ensure_future(sync.durable())]
        await held.begun.wait()
        for _ in range(5):
            sync.wrote()
            waiting.append(asyncio.ensure_future(sync.durable()))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        held.release.set()
        await waiting[0]
        for each in waiting:
            await each
        assert held.count == 2
        sync.close()

    asyncio.run(main())


def test_every_new_record_needs_a_sync_of_its_own_when_nobody_else_asks() -> None:
    async def main() -> None:
        calls: list[int] = []
        sync = GroupSync(lambda: calls.append(1))
        for count in range(1, 6):
            sync.wrote()
            await sync.durable()
            assert len(calls) == count
        sync.close()
        assert len(calls) == 5

    asyncio.run(main())


def test_closing_syncs_what_is_left_and_nothing_where_nothing_is() -> None:
    counts: list[int] = []
    sync = GroupSync(lambda: counts.append(1))
    sync.wrote()
    sync.close()
    sync.close()
    assert counts == [1]


def test_closing_lets_nobody_wait_for_ever() -> None:
    async def main() -> None:
        sync = GroupSync(lambda: None)
        sync.wrote()
        waiting = asyncio.ensure_future(sync.durable())
        await asyncio.sleep(0)
        sync.close()
        await waiting

    asyncio.run(main())
