"""-o html: one page with everything in it, for a browser, a mail or a wall."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.output.format import Format, Page

_SAID = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>aifctl</title></head><body>{}</body></html>\n'
)


class _Html:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._origin = ""

    def open(self, head: Head) -> Iterator[str]:
        self._origin = str(head.facts.get("inventory") or "")
        yield from ()

    def item(self, _item: Item) -> Iterator[str]:
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        if isinstance(report.view, FleetHealth):
            from aifctl.output.fleet_page import render_page  # noqa: PLC0415  Jinja, for pages alone

            yield from render_page(report.view, generated_at=self._page.now(), origin=self._origin)
        elif report.notes:  # nobody has looked: another sweep is at it, or nothing was selected
            yield _SAID.format("".join(f"<p>{escape(note)}</p>" for note in report.notes))


FORMAT = Format(
    name="html",
    about="one page for a browser, with the map, filters and details; needs no network",
    make=_Html,
    asks=True,
)
