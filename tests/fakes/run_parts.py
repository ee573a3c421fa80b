"""What a fan-out needs beside a fleet: desks, a journal, progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.fanout.capture import Keeper
from aifctl.fanout.desk import Desks
from aifctl.fanout.feed import Feed
from aifctl.fanout.live_lines import Live
from aifctl.fanout.plan import Keeping, Tally
from aifctl.ports.work import NodeResult
from tests.fakes.virtual_time import VirtualClock


async def open_gate(_: str) -> None:
    """Let every node start."""


def desks(
    folder: Path | None = None,
    *,
    keeping: Keeping | None = None,
    live: Live | None = None,
    full: Callable[[str], None] = lambda _: None,
    feed: Feed | None = None,
) -> Desks:
    """Return desks whose gate is open."""
    keeper = Keeper(keeping=keeping or Keeping(), folder=folder or Path("/nonexistent"), live=live, full=full)
    return Desks(keeper=keeper, gate=open_gate, clock=VirtualClock(), feed=feed)


class FakeJournal:
    """fanout.record.Journal, as a list of (what, node or reason).

    Attributes:
        room: records that fit; afterwards each but `seal` is refused, as on a full disk. None for no end.
        syncs: calls of `durable`.
    """

    def __init__(self, *, room: int | None = None) -> None:
        self.records: list[tuple[str, str]] = []
        self.results: list[NodeResult] = []
        self.tally: Tally | None = None
        self.room = room
        self.syncs = 0

    def start(self, node: str) -> None:
        self._write("start", node)

    async def durable(self) -> None:
        self.syncs += 1

    def end(self, result: NodeResult) -> None:
        self.results.append(result)
        self._write("end", result.node)

    def stop(self, reason: str) -> None:
        self.records.append(("stop", reason))

    def seal(self, tally: Tally) -> None:
        self.tally = tally
        self.records.append(("seal", ""))

    def _write(self, what: str, node: str) -> None:
        if self.room is not None and len(self.records) >= self.room:
            raise SetupError("the disk under /state is full")
        self.records.append((what, node))


class FakeProgress:
    """ports.progress.Progress, as a list."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def tell(self, event: str, **facts: object) -> None:
        self.events.append((event, facts))
