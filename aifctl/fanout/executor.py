"""The seam between a run and the processes that do its work, and the executor that does it in this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aifctl.fanout.capture import Keeper
from aifctl.fanout.descriptors import fitting_width, raise_descriptors
from aifctl.fanout.desk import Desks
from aifctl.fanout.engine import FanOut
from aifctl.fanout.feed import Feed, Growth
from aifctl.fanout.plan import Keeping
from aifctl.fanout.source import Source
from aifctl.ports.clock import Clock
from aifctl.ports.transport import Transport
from aifctl.ports.work import NodeResult, Work

OpenTransport = Callable[[], Transport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """All that a process needs to work on nodes; picklable where the transport's factory and the work are.

    Attributes:
        output_folder: where large output goes, existing.
        spool: the file of the broadcast stdin; None where there is none.
        changing: a start waits until the parent says that it is durable.
        live: lines are passed on as they come.
    """

    open_transport: OpenTransport
    work: Work
    keeping: Keeping
    output_folder: str
    width: int
    dial_width: int
    spool: str | None = None
    changing: bool = True
    live: bool = False


class Superior(Protocol):
    """Who an executor works for: the run's one owner of journal, report and signals."""

    async def admit(self, nodes: Sequence[str]) -> None:
        """Journal the starts of some nodes; NodeError local where they must not start."""

    def each(self, result: NodeResult) -> None:
        """Take the last word on a node."""

    def live(self, node: str, stream: str, line: bytes) -> None:
        """Take one line of output."""

    def trouble(self, sentence: str) -> None:
        """Hear that this machine can't go on (its disk is full, its processes die): nothing more is dispatched."""


class Executor(Protocol):
    """Does a run's work until the source ends; a distributed one would be another implementation."""

    async def run(self, source: Source) -> None:
        """Return when every node the source gave has been told about, or was never touched because of `stop`."""

    def stop(self) -> None:
        """Dispatch no more; what is in flight is finished."""

    def halt(self, why: str) -> None:
        """Stop, and end what is in flight; its results still arrive."""

    def abort(self, why: str) -> None:
        """Leave at once; what runs on the nodes may go on."""

    def grow(self, growth: Growth) -> None:
        """Pass on how far the broadcast stdin has come."""


class LocalExecutor:
    """Works in this process."""

    def __init__(self, spec: Spec, superior: Superior, clock: Clock) -> None:
        self._spec, self._superior = spec, superior
        self._feed = Feed(Path(spec.spool)) if spec.spool else None
        keeper = Keeper(
            keeping=spec.keeping,
            folder=Path(spec.output_folder),
            live=superior.live if spec.live else None,
            full=superior.trouble,
        )
        self._desks = Desks(keeper=keeper, gate=self._gate, clock=clock, feed=self._feed)
        self._fan_out: FanOut | None = None
        self._early: list[Callable[[FanOut], None]] = []

    async def run(self, source: Source) -> None:
        """As Executor."""
        width, connections = fitting_width(self._spec.width, descriptors=raise_descriptors())
        transport = self._spec.open_transport()
        try:
            self._fan_out = FanOut(
                source,
                transport.dial,
                self._spec.work,
                width=width,
                each=self._superior.each,
                desks=self._desks,
                dial_width=self._spec.dial_width,
                connections=connections,
            )
            for what in self._early:
                what(self._fan_out)
            await self._fan_out.run()
        finally:
            await transport.close()
            if self._feed:
                self._feed.close()

    def stop(self) -> None:
        """As Executor."""
        self._tell(FanOut.stop)

    def halt(self, why: str) -> None:
        """As Executor."""
        self._tell(lambda fan_out: fan_out.halt(why))

    def abort(self, why: str) -> None:
        """As Executor."""
        self._tell(lambda fan_out: fan_out.abort(why))

    def grow(self, growth: Growth) -> None:
        """As Executor."""
        if self._feed:
            self._feed.grow(growth)

    def _tell(self, what: Callable[[FanOut], None]) -> None:
        if self._fan_out:
            what(self._fan_out)
        else:
            self._early.append(what)

    async def _gate(self, node: str) -> None:
        await self._superior.admit((node,))
