"""-o table: for people. A run folds into blocks, everything else is rows."""

from __future__ import annotations

from aifctl.output.blocks import Blocks
from aifctl.output.by_kind import ByKind, fleet_drawings
from aifctl.output.format import Format, Page
from aifctl.output.rows import Rows, Text


def _make(page: Page) -> ByKind:
    return ByKind(
        run=lambda: Blocks(page),
        rows=lambda: Rows(page),
        text=lambda: Text(page),
        drawings=lambda: fleet_drawings(page),
    )


FORMAT = Format(
    name="table",
    about="for people: equal results folded, outliers first; fitted to a terminal",
    make=_make,
    shows_live=True,
)
