"""A fleet's health as tables, maps and Markdown: the Writings behind the drawings `fleet` and `map`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_groups import By
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.output.fleet_lines import change_lines, fitted, incident_lines, top_lines
from aifctl.output.fleet_map import map_lines
from aifctl.output.fleet_rows import group_lines, node_lines
from aifctl.output.format import Page, Writing
from aifctl.output.style import Style


@dataclass(slots=True, kw_only=True)
class FleetDrawing:
    """Draws the view that the report brings; the items are for programs."""

    page: Page
    is_map: bool = False
    is_wide: bool = False
    changes_alone: bool = False
    news_alone: bool = False
    _by: By = By.STATE

    def open(self, head: Head) -> Iterator[str]:
        self._by = By(str(head.facts.get("by") or By.STATE))
        yield from ()

    def item(self, _item: Item) -> Iterator[str]:
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        health, style = report.view, Style(self.page.terminal)
        if not isinstance(health, FleetHealth):
            return
        if self.news_alone and not health.changes and report.exit is ExitCode.OK:
            return
        lines: Iterator[str] = self._lines(health, style)
        if self.page.height is not None:
            lines = iter(fitted(lines, self.page.height))
        yield from (line + "\n" for line in lines)

    def _lines(self, health: FleetHealth, style: Style) -> Iterator[str]:
        if self.changes_alone:  # cron sends mail for every line
            yield from change_lines(health, style)
            return
        yield from top_lines(health, style)
        if self.is_map:
            parts = [map_lines(health, style)]
        else:
            parts = [incident_lines(health, style), change_lines(health, style), self._table(health, style)]
        for part in parts:
            for number, line in enumerate(part):
                if not number:
                    yield ""
                yield line

    def _table(self, health: FleetHealth, style: Style) -> Iterator[str]:
        if self._by is By.NODE:
            return node_lines(health, style, is_wide=self.is_wide)
        return group_lines(health, self._by, style, is_wide=self.is_wide)


def drawings(page: Page, *, is_wide: bool = False) -> Mapping[str, Callable[[], Writing]]:
    """Return how each drawing is made for a page."""
    return {
        "fleet": lambda: FleetDrawing(page=page, is_wide=is_wide),
        "changes": lambda: FleetDrawing(page=page, changes_alone=True),
        "news": lambda: FleetDrawing(page=page, news_alone=True, is_wide=is_wide),
        "map": lambda: FleetDrawing(page=page, is_map=True, is_wide=is_wide),
    }
