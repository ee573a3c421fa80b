"""Tasks that are cancelled and go on: they tell their node's end in place of ending themselves."""

from __future__ import annotations

import asyncio
from collections import Counter


class Recalls:
    """Cancellations of our own, told apart from those of others, which must end the task."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: Counter[asyncio.Task[None]] = Counter()

    def recall(self, task: asyncio.Task[None]) -> None:
        self._times[task] += 1
        task.cancel()

    def was_ours(self) -> bool:
        """Whether the caller's cancellation is our own doing alone; it is then taken back."""
        task = current_task()
        times = self._times.pop(task, 0)
        for _ in range(times):
            task.uncancel()
        return times > 0 and task.cancelling() == 0


def current_task() -> asyncio.Task[None]:
    """Return the task that is running; there is one wherever the fan-out works."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("the fan-out's work is done in tasks")
    return task
