"""-o wide: every column, one row per item, nothing folded, nothing cut."""

from __future__ import annotations

from aifctl.output.by_kind import ByKind, fleet_drawings
from aifctl.output.format import Format, Page
from aifctl.output.rows import Rows, Text


def _make(page: Page) -> ByKind:
    return ByKind(
        run=lambda: Rows(page, is_wide=True),
        rows=lambda: Rows(page, is_wide=True),
        text=lambda: Text(page),
        drawings=lambda: fleet_drawings(page, is_wide=True),
    )


FORMAT = Format(name="wide", about="every column, one row per item, nothing folded or cut", make=_make)
