"""Cancellations of our own and those of others."""

from __future__ import annotations

import asyncio

import pytest

from aifctl.fanout.recalls import Recalls, current_task


async def _goes_on_if_recalled(recalls: Recalls) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        if not recalls.was_ours():
            raise


def _end_of(*, recalled_times: int, cancelled_by_others: bool) -> bool:
    """Return whether the task went on to its end."""

    async def main() -> bool:
        recalls = Recalls()
        task = asyncio.create_task(_goes_on_if_recalled(recalls))
        await asyncio.sleep(0)
        for _ in range(recalled_times):
            recalls.recall(task)
        if cancelled_by_others:
            task.cancel()
        await asyncio.wait([task])
        return not task.cancelled()

    return asyncio.run(main())


@pytest.mark.parametrize("times", [1, 2])
def test_a_task_that_was_recalled_goes_on(times: int) -> None:
    assert _end_of(recalled_times=times, cancelled_by_others=False)


@pytest.mark.parametrize("times", [0, 1])
def test_a_task_that_others_cancelled_ends(times: int) -> None:
    assert not _end_of(recalled_times=times, cancelled_by_others=True)


def test_outside_of_a_task_there_is_none_to_recall() -> None:
    async def main() -> list[str]:
        said: list[str] = []

        def look() -> None:
            try:
                current_task()
            except RuntimeError as problem:
                said.append(str(problem))

        asyncio.get_running_loop().call_soon(look)
        await asyncio.sleep(0)
        return said

    assert asyncio.run(main()) == ["the fan-out's work is done in tasks"]
