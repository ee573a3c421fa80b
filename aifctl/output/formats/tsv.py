r"""-o tsv: for cut and awk. A line is an item: newline, tab and backslash inside a value are \n, \t and \\."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.printable import printable_line
from aifctl.output.format import Format
from aifctl.output.separated import Dialect, Separated


def _text(text: str) -> str:
    return printable_line(text.replace("\\", "\\\\"))


def _unquoted(texts: Iterator[str]) -> Iterator[str]:
    return texts


_DIALECT = Dialect(separator="\t", text=_text, quote=_unquoted)

FORMAT = Format(
    name="tsv",
    about="for cut and awk: a line per item, newline and tab inside a value written \\n and \\t",
    make=lambda _page: Separated(dialect=_DIALECT),
)
