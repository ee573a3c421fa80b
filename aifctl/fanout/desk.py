"""The place where one node's work is done: its captures, its reading of stdin, its permission to start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fanout.capture import Keeper, StreamCapture
from aifctl.fanout.feed import Feed
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.clock import Clock
from aifctl.ports.work import Output

#: Returns once a node's command may be sent; NodeError local where it may not.
Gate = Callable[[str], Awaitable[None]]


class Desks:
    """Makes a desk per node; what they share stands here."""

    __slots__ = ("clock", "feed", "gate", "halted", "keeper")

    def __init__(self, *, keeper: Keeper, gate: Gate, clock: Clock, feed: Feed | None = None) -> None:
        self.keeper, self.gate, self.clock, self.feed = keeper, gate, clock, feed
        self.halted = False

    def __call__(self, endpoint: Endpoint) -> NodeDesk:
        """Return the desk of one node."""
        return NodeDesk(self, endpoint.name)


class NodeDesk:
    """A `ports.work.Desk`; what a work has captured when it fails is still found here."""

    __slots__ = ("_captures", "_desks", "_node", "_since_s", "started_at")

    def __init__(self, desks: Desks, node: str) -> None:
        self.started_at = 0.0
        self._desks, self._node = desks, node
        self._since_s = 0.0
        self._captures: dict[str, StreamCapture] = {}

    def capture(self, stream: str) -> StreamCapture:
        """Return the place for `stdout` or `stderr`."""
        capture = self._captures[stream] = StreamCapture(self._desks.keeper, self._node, stream)
        return capture

    def feed(self) -> AsyncIterator[bytes] | None:
        """Return a reading of the broadcast stdin from its beginning; None where there is none."""
        return self._desks.feed.read() if self._desks.feed else None

    async def about_to_start(self) -> None:
        """Wait until this node's start is journalled; a second call returns at once."""
        if not self.started_at:
            await self._desks.gate(self._node)
            if self._desks.halted:  # while we waited; a halt from now on finds a command to end
                raise NodeError(Outcome.CANCELLED, "nothing was started")
            self.started_at = self._desks.clock.now().timestamp()
            self._since_s = self._desks.clock.monotonic_s()

    def timing(self) -> tuple[float, float]:
        """Return `started_at` and `duration_s` as of now; zeros before the start."""
        if not self.started_at:
            return 0.0, 0.0
        return self.started_at, self._desks.clock.monotonic_s() - self._since_s

    def halted(self) -> bool:
        """Whether the run is ending."""
        return self._desks.halted

    def outputs(self) -> tuple[Output, Output]:
        """Finish what was captured and return (stdout, stderr); for works that did not get that far."""
        return self._output("stdout"), self._output("stderr")

    def problem(self) -> str:
        """Return why output could not be kept; empty where it could."""
        return next((capture.problem for capture in self._captures.values() if capture.problem), "")

    def _output(self, stream: str) -> Output:
        capture = self._captures.get(stream)
        return capture.finish() if capture else Output()
