"""-o count: how many."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.outcome import Outcome
from aifctl.core.report import Head, Item, Report
from aifctl.output.format import Format, Page


class _Count:
    def __init__(self, _page: Page) -> None:
        self._count = 0
        self._is_run = False

    def open(self, head: Head) -> Iterator[str]:
        self._is_run = head.kind.folds
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._count += not self._is_run or item["outcome"] == Outcome.OK
        yield from ()

    def close(self, _report: Report) -> Iterator[str]:
        yield f"{self._count}\n"


FORMAT = Format(name="count", about="how many; of a run, how many ended ok", make=_Count, streams=True, names_only=True)
