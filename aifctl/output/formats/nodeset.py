"""-o nodeset: the names, folded, for the next selector, for scontrol and for nodeset."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.core.report import Head, Item, Report
from aifctl.fleet.nodeset import fold
from aifctl.output.format import Format, Page


class _Nodeset:
    def __init__(self, _page: Page) -> None:
        self._names: list[str] = []
        self._key, self._is_run = "node", False

    def open(self, head: Head) -> Iterator[str]:
        self._key, self._is_run = head.kind.key, head.kind.folds
        yield from ()

    def item(self, item: Item) -> Iterator[str]:
        if not self._is_run or item["outcome"] == Outcome.OK:
            self._names.append(str(item[self._key]))
        yield from ()

    def close(self, _report: Report) -> Iterator[str]:
        if self._key != "node":  # ids and other names are no nodes: they fold into nonsense
            yield from (printable_line(name) + "\n" for name in self._names)
        elif self._names:
            yield fold(self._names, slurm=True) + "\n"


FORMAT = Format(
    name="nodeset",
    about="the names, folded, as scontrol and nodeset read them; of a run, those that ended ok",
    make=_Nodeset,
    streams=True,
    names_only=True,
)
