"""What a format is: one constant that the drawer's loader finds, and the writing it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from aifctl.core.report import Head, Item, Kind, Report
from aifctl.output.terminal import TerminalFacts

#: A node's scopes as (scope, value) pairs: ("rack", "r012"), ("leaf", "l3-r2"), …
ScopesOf = Callable[[str], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a writing needs to know of its surroundings.

    Attributes:
        terminal: the place it is written to.
        now: wall clock, for `generated_at`.
        live: the nodes' output has been shown already, line by line.
        height: lines that the page has, where it is drawn again and again in the same place; None: as many as it takes.
        scopes_of: for saying which failures share a rack, leaf, feed or SU; None says nothing of that.
    """

    terminal: TerminalFacts = field(default_factory=TerminalFacts)
    now: Callable[[], datetime] = lambda: datetime.fromtimestamp(0, UTC)
    live: bool = False
    height: int | None = None
    scopes_of: ScopesOf | None = None


class Writing(Protocol):
    """One report being written; what it yields goes out as it is, so it has made everything harmless."""

    def open(self, head: Head) -> Iterable[str]: ...
    def item(self, item: Item) -> Iterable[str]: ...
    def close(self, report: Report) -> Iterable[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write a report.

    Attributes:
        name: what -o calls it.
        about: one line for help and completion.
        streams: items are taken as they arrive; otherwise after the last one, in nodeset order.
        shows_live: `--live` lines may stand before it on the same stdout.
        names_only: of every item it needs its kind's key and its outcome, nothing else.
        holds_errors: a report that failed before its first item is written all the same, with its errors.
        asks: it shows those kinds alone that name it in their `draws`.
        exit_of: what the process ends with, where this format has exit codes of its own; also of a report that is
            nothing but an error.
    """

    name: str
    about: str
    make: Callable[[Page], Writing]
    streams: bool = False
    shows_live: bool = False
    names_only: bool = False
    holds_errors: bool = False
    asks: bool = False
    exit_of: Callable[[Report], int] | None = None

    def fits(self, kind: Kind) -> bool:
        """Whether it can show reports of this kind."""
        return not self.asks or self.name in kind.draws

    def code(self, report: Report) -> int:
        """Return what the process ends with."""
        return report.code if self.exit_of is None else self.exit_of(report)


def whole_text(writing: Writing, head: Head, items: Iterable[Item], report: Report) -> Iterator[str]:
    """Yield one whole report."""
    yield from writing.open(head)
    for item in items:
        yield from writing.item(item)
    yield from writing.close(report)
