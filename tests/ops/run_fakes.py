"""A toolbox and a sink for verbs that touch no node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from aifctl.core.report import Head, Item, Kind, Report
from aifctl.core.state_dir import StateDir
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.selector import Terms
from aifctl.ports.toolbox import Toolbox


@dataclass
class ListSink:
    """Keeps what it is told; `again` is how it was asked for."""

    heads: list[Head] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    wants_fields: bool = True
    gone: bool = False
    again: bool = False

    def accept(self, kind: Kind) -> None:
        assert not self.heads, f"{kind.name} after the head"

    def open(self, head: Head) -> None:
        self.heads.append(head)

    def item(self, item: Item) -> None:
        assert self.heads, "an item before the head"
        self.items.append(item)

    def close(self, report: Report) -> None:
        self.reports.append(report)


@dataclass
class _Tools:
    state: StateDir
    known_fleet: Fleet
    terms: Terms


def tools_with(state: StateDir, fleet: Fleet | None = None) -> Toolbox:
    """Return a toolbox of a state directory and a fleet alone: touching anything else fails."""
    return cast("Toolbox", _Tools(state=state, known_fleet=fleet or Fleet(), terms=Terms()))
