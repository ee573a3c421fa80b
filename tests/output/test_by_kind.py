"""Each kind of report is written by the writing that is meant for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from aifctl.core.report import RUN, Column, Head, Item, Kind, Report
from aifctl.output.by_kind import ByKind
from aifctl.output.format import whole_text

_ROWS = Kind(name="Node", columns=(Column(key="node", title="node"),))
_TEXT = Kind(name="File", columns=(), text="text")


@dataclass
class Named:
    """Writes its name and whatever it is called for."""

    name: str

    def open(self, head: Head) -> Iterable[str]:
        return [f"{self.name} {head.kind.name}"]

    def item(self, item: Item) -> Iterable[str]:
        return [f" {item['node']}"]

    def close(self, report: Report) -> Iterable[str]:
        return [f" {report.exit}"]


def by_kind() -> ByKind:
    return ByKind(run=lambda: Named("run"), rows=lambda: Named("rows"), text=lambda: Named("text"))


@pytest.mark.parametrize(("kind", "said"), [(RUN, "run Run"), (_ROWS, "rows Node"), (_TEXT, "text File")])
def test_the_kind_chooses_and_the_chosen_one_writes_it_all(kind: Kind, said: str) -> None:
    assert "".join(whole_text(by_kind(), Head(kind=kind), [{"node": "n1"}], Report())) == f"{said} n1 0"


def test_a_report_that_never_learnt_its_kind_writes_nothing() -> None:
    writing = by_kind()
    assert [*writing.item({"node": "n1"}), *writing.close(Report())] == []
