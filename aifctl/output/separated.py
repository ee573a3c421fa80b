"""Values between separators, a line per item, every declared key a column; streams are written while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aifctl.core.report import Head, Item, Kind, Report
from aifctl.output.json_text import dumps, item_keys, members
from aifctl.output.streams import base64_chunks, printable_chunks
from aifctl.ports.work import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of separated values is written.

    Attributes:
        separator: between two cells.
        text: makes text harmless; sees streams in pieces.
        quote: wraps the pieces of one cell, of streams and of all other texts.
    """

    separator: str
    text: Callable[[str], str]
    quote: Callable[[Iterator[str]], Iterator[str]]


@dataclass(slots=True, kw_only=True)
class Separated:
    """The Writing of one dialect."""

    dialect: Dialect
    _kind: Kind | None = None
    _keys: tuple[str, ...] = ()

    def open(self, head: Head) -> Iterator[str]:
        self._kind, self._keys = head.kind, tuple(item_keys(head.kind))
        if self._keys:
            yield self.dialect.separator.join(self._keys) + "\n"

    def item(self, item: Item) -> Iterator[str]:
        if self._kind is None:
            return
        values = dict(members(self._kind, item))
        for index, key in enumerate(self._keys):
            yield self.dialect.separator if index else ""
            yield from self._cell(values[key], str(values.get("encoding")))
        yield "\n"

    def close(self, _report: Report) -> Iterator[str]:
        yield from ()

    def _cell(self, value: Any, encoding: str) -> Iterator[str]:
        if isinstance(value, Output):
            is_text = encoding == "utf-8"
            texts = printable_chunks(value, render=self.dialect.text) if is_text else base64_chunks(value)
            yield from self.dialect.quote(texts)
        elif isinstance(value, str):
            yield from self.dialect.quote(iter([self.dialect.text(value)]))
        elif isinstance(value, (list, dict)):
            yield from self.dialect.quote(iter([self.dialect.text(dumps(value))]))
        else:
            yield "" if value is None else dumps(value)
