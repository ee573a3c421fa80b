"""-o jsonl: one object a line, as they arrive, each with a `type`: run, item, error, summary."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.report import Head, Item, Report
from aifctl.output.envelope import closing_facts, opening_facts
from aifctl.output.format import Format, Page
from aifctl.output.json_text import dumps, item_chunks


class _Jsonl:
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, head: Head) -> Iterator[str]:
        self._kind = head.kind
        yield dumps({"type": "run", **opening_facts(head, self._page)}) + "\n"

    def item(self, item: Item) -> Iterator[str]:
        yield from item_chunks(self._kind, item, type_name="item")
        yield "\n"

    def close(self, report: Report) -> Iterator[str]:
        facts = closing_facts(report)
        for error in facts.pop("errors"):
            yield dumps({"type": "error", **error}) + "\n"
        yield dumps({"type": "summary", **facts}) + "\n"


FORMAT = Format(
    name="jsonl",
    about="one object a line, as they arrive, each with a type: run, item, error, summary",
    make=_Jsonl,
    streams=True,
    holds_errors=True,
)
