"""Where items go as they arrive; the command line puts a format behind it, tests a list."""

from __future__ import annotations

from typing import Protocol

from aifctl.core.report import Head, Item, Kind, Report


class Sink(Protocol):
    """Open once, then items in order of arrival, then close once, whatever happened in between.

    A reader that goes away (`| head`) is no error: what is written from then on goes nowhere.
    """

    @property
    def wants_fields(self) -> bool:
        """Whether items need more than their kind's key: names alone are cheaper to come by."""

    @property
    def gone(self) -> bool:
        """Whether whoever read it has left; only who writes again and again need ask."""

    def accept(self, kind: Kind) -> None:
        """Raise UsageError where this kind of report can't be shown; `open` does, but then a run may have begun."""

    def open(self, head: Head) -> None: ...
    def item(self, item: Item) -> None: ...
    def close(self, report: Report) -> None: ...
