"""A writing that becomes another one when it learns what the items are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aifctl.core.report import Head, Item, Report
from aifctl.output.format import Writing


@dataclass(slots=True, kw_only=True)
class ByKind:
    """Results of a run, a text, or rows: each written its own way."""

    run: Callable[[], Writing]
    rows: Callable[[], Writing]
    text: Callable[[], Writing]
    _chosen: Writing | None = None

    def open(self, head: Head) -> Iterable[str]:
        make = self.text if head.kind.text else self.run if head.kind.folds else self.rows
        self._chosen = make()
        return self._chosen.open(head)

    def item(self, item: Item) -> Iterable[str]:
        return self._chosen.item(item) if self._chosen else ()

    def close(self, report: Report) -> Iterable[str]:
        return self._chosen.close(report) if self._chosen else ()
