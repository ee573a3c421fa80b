"""-o prometheus: the text that a scraper or the textfile collector reads."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.metrics import render_metrics
from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_health import FleetHealth
from aifctl.diagnosis.fleet_metrics import fleet_metrics
from aifctl.output.format import Format, Page


class _Prometheus:
    def __init__(self, _page: Page) -> None:
        pass

    def open(self, _head: Head) -> Iterator[str]:
        yield from ()

    def item(self, _item: Item) -> Iterator[str]:
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        if isinstance(report.view, FleetHealth):
            yield render_metrics(fleet_metrics(report.view))


FORMAT = Format(
    name="prometheus",
    about="for scrapers: gauges of the fleet, in Prometheus' text format",
    make=_Prometheus,
    asks=True,
)
