"""A writing that becomes another one when it learns what the items are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aifctl.core.report import Head, Item, Report
from aifctl.output.format import Page, Writing


@dataclass(slots=True, kw_only=True)
class ByKind:
    """Results of a run, a text, rows, or a drawing that the head asks for: each written its own way."""

    run: Callable[[], Writing]
    rows: Callable[[], Writing]
    text: Callable[[], Writing]
    drawings: Callable[[], Mapping[str, Callable[[], Writing]]] = dict
    _chosen: Writing | None = None

    def open(self, head: Head) -> Iterable[str]:
        make = self.text if head.kind.text else self.run if head.kind.folds else self.rows
        if head.drawing:
            make = self.drawings().get(head.drawing, make)
        self._chosen = make()
        return self._chosen.open(head)

    def item(self, item: Item) -> Iterable[str]:
        return self._chosen.item(item) if self._chosen else ()

    def close(self, report: Report) -> Iterable[str]:
        return self._chosen.close(report) if self._chosen else ()


def fleet_drawings(page: Page, *, is_wide: bool = False) -> Mapping[str, Callable[[], Writing]]:
    """Return the drawings there are, made for a page."""
    from aifctl.output.fleet_drawing import drawings  # noqa: PLC0415  for the verbs that draw

    return drawings(page, is_wide=is_wide)
