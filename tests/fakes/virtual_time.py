"""An event loop whose time is made up: a wait of ten seconds takes none, and always the same none."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_EPOCH = datetime(2026, 11, 24, tzinfo=UTC)


class _Leaping(selectors.SelectSelector):
    """Never waits: where the loop would, its time leaps to the next timer instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("the loop waits for something that will never come")
            self.loop.leap(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0 and moves only when nothing else can."""

    def __init__(self) -> None:
        self._leapt_s = 0.0
        selector = _Leaping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._leapt_s

    def leap(self, seconds_s: float) -> None:
        self._leapt_s += max(0.0, seconds_s)


class VirtualClock:
    """ports.Clock over the running loop's time."""

    def now(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds_s: float) -> None:
        await asyncio.sleep(seconds_s)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of made-up time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
