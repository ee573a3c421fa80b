"""A sweep of a few nodes for another verb: what was done to them must be followed by a look that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aifctl.core.report import Head, Item, Kind, Report
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.fleet.nodeset_fold import fold
from aifctl.health.sweep import SweepAsked, sweep
from aifctl.ports.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAgain:
    """How nodes were found.

    Attributes:
        results: node → `ok`, `fault`, …; a node that nobody could look at is not in it.
        notes: what else the sweep had to say.
    """

    results: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def look_again(names: Sequence[str], tools: Toolbox) -> LookedAgain:
    """Sweep these nodes, without acting on what is found, and keep it; raises as a sweep does."""
    kept = _Kept()
    report = sweep(SweepAsked(fan=Fan(chosen=Chosen(selector=fold(names)))), tools, kept)
    return LookedAgain(results=kept.results, notes=report.notes)


@dataclass(slots=True)
class _Kept:
    """Implements ports.sink.Sink: keeps how each node was found, and shows nothing."""

    results: dict[str, str] = field(default_factory=dict)

    @property
    def wants_fields(self) -> bool:
        return True

    @property
    def gone(self) -> bool:
        return False

    def accept(self, kind: Kind) -> None:
        """Take any."""

    def open(self, head: Head) -> None:
        """Nobody sees it."""

    def item(self, item: Item) -> None:
        if item["result"] is not None:
            self.results[str(item["node"])] = str(item["result"])

    def close(self, report: Report) -> None:
        """Nobody sees it."""
