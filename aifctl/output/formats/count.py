"""-o count: how many."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.outcome import Outcome
from aifctl.core.report import Head, Item, Report
from aifctl.output.format import Format, Page


class _Count:
    def __init__(self, _page: Page) -> None:
        self._count = 0

    def open(self, _head: Head) -> Iterator[str]:
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        self._count += item.get("outcome", Outcome.OK) == Outcome.OK
        yield from ()

    def close(self, _report: Report) -> Iterator[str]:
        yield f"{self._count}\n"


FORMAT = Format(name="count", about="how many; of a run, how many ended ok", make=_Count, streams=True, names_only=True)
