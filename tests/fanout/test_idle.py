"""Tasks that wait for something to do."""

from __future__ import annotations

import asyncio

from aifctl.fanout.idle import Idle


async def _waiting(idle: Idle[str], count: int) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(idle.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_who_came_last_is_handed_the_first_thing() -> None:
    async def main() -> tuple[list[bool], list[str]]:
        idle: Idle[str] = Idle()
        tasks = await _waiting(idle, 2)
        handed = [idle.hand(what) for what in ("one", "two", "three")]
        return handed, [await task for task in tasks]

    assert asyncio.run(main()) == ([True, True, False], ["two", "one"])


def test_one_that_was_cancelled_is_passed_over() -> None:
    async def main() -> tuple[str, bool]:
        idle: Idle[str] = Idle()
        first, last = await _waiting(idle, 2)
        last.cancel()
        await asyncio.sleep(0)
        assert idle.hand("work")
        return await first, idle.hand("more")

    assert asyncio.run(main()) == ("work", False)


def test_all_are_dismissed_with_the_same_word() -> None:
    async def main() -> list[str]:
        idle: Idle[str] = Idle()
        tasks = await _waiting(idle, 3)
        idle.dismiss("over")
        return [await task for task in tasks]

    assert asyncio.run(main()) == ["over"] * 3
