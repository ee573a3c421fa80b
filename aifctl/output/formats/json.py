"""-o json: one envelope, on stdout whatever the outcome; what is only known at the end stands last."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.report import Head, Item, Report
from aifctl.output.envelope import closing_facts, opening_facts
from aifctl.output.format import Format, Page
from aifctl.output.json_text import dumps, item_chunks


class _Json:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._between = "\n"

    def open(self, head: Head) -> Iterator[str]:
        self._kind = head.kind
        yield dumps(opening_facts(head, self._page))[:-1] + ',"items":['

    def item(self, item: Item) -> Iterator[str]:
        yield self._between
        yield from item_chunks(self._kind, item)
        self._between = ",\n"

    def close(self, report: Report) -> Iterator[str]:
        end = "" if self._between == "\n" else "\n"
        yield f"{end}],{dumps(closing_facts(report))[1:]}\n"


FORMAT = Format(name="json", about="one envelope for programs, an item a line", make=_Json, holds_errors=True)
