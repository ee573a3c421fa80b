"""-o csv: RFC 4180 with LF, for spreadsheets, which must not take a node's output for a formula."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.printable import printable
from aifctl.output.format import Format
from aifctl.output.separated import Dialect, Separated

#: What spreadsheets run as a formula; a quote in front makes it text (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t")


def _quoted(texts: Iterator[str]) -> Iterator[str]:
    yield '"'
    before = True
    for text in texts:
        if before and text.startswith(_FORMULA):
            yield "'"
        before = before and not text
        yield text.replace('"', '""')
    yield '"'


_DIALECT = Dialect(separator=",", text=printable, quote=_quoted)

FORMAT = Format(
    name="csv",
    about="for spreadsheets: texts quoted, formulas disarmed, control characters escaped",
    make=lambda _page: Separated(dialect=_DIALECT),
)
