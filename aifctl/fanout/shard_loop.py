"""A worker process: takes nodes by credit, works on them as a run in one process would, and tells the parent.

The end of the parent's pipe is the only signal it obeys: whatever ended the parent, remote work is ended, then the worker.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from aifctl.core.errors import AifctlError, NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.system_clock import SystemClock
from aifctl.fanout.bell import Bell
from aifctl.fanout.executor import LocalExecutor, Spec
from aifctl.fanout.frames import FrameSocket, Message
from aifctl.fanout.wire import pack_result, unpack_endpoint, unpack_growth
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult

#: Most nodes that wait here for a dialler: enough for the parent's answer to take 50 ms at 1,000 nodes a second; and never
#: more than half of what is worked on at once, or they would wait here while another process has room.
_MOST_CREDIT_COUNT = 64
_OWNER_GONE = "the process that owned the run is gone"


def main() -> None:
    """Work until the parent ends it; argv holds the number of our end of the socket pair."""
    # Nearly nothing of ours dies in cycles: with the interpreter's 700, collections take 3 % of a run and of the imports.
    gc.set_threshold(20_000, 20, 50)
    ended_with_the_group = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in ended_with_the_group:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ended_with_the_group)
    asyncio.run(_work(socket.socket(fileno=int(sys.argv[1]))))
    sys.stderr.flush()
    os._exit(0)  # tearing down the interpreter costs 20 ms of CPU and has nothing left to save


async def _work(connection: socket.socket) -> None:
    worker = _Worker(connection)
    try:
        await worker.run()
    except AifctlError as problem:
        worker.frames.send(("failed", int(problem.exit_code), str(problem)))
    await worker.frames.drained()
    worker.frames.close()


class _PipeSource:
    """The nodes that the parent has dealt to this process; `credit` is how many it likes to have in reserve."""

    def __init__(self, frames: FrameSocket) -> None:
        self._frames = frames
        self._dealt: deque[Endpoint] = deque()
        self._owed = 0
        self.credit = 1
        self._ended = False
        self._bell = Bell()

    async def next(self) -> Endpoint | None:
        if self._frames.is_choked():
            await self._frames.drained()
        while not self._dealt:
            if self._ended:
                return None
            self._ask_for_more()
            await self._bell.wait()
        endpoint = self._dealt.popleft()
        self._ask_for_more()
        return endpoint

    def told(self, result: NodeResult) -> NodeResult | None:
        return result

    def deal(self, endpoint: Endpoint) -> None:
        self._dealt.append(endpoint)
        self._owed = max(0, self._owed - 1)
        self._bell.ring()

    def end(self) -> None:
        self._ended = True
        self._bell.ring()

    def give_back(self) -> list[str]:
        """End, and return the names that were dealt and not touched."""
        names = [endpoint.name for endpoint in self._dealt]
        self._dealt.clear()
        self.end()
        return names

    def _ask_for_more(self) -> None:
        missing = self.credit - len(self._dealt) - self._owed
        if missing > self.credit // 2:
            self._owed += missing
            self._frames.send(("credit", missing))


class _Worker:
    """The worker's side of the seam: it stands in for the run's owner, which is at the other end of the pipe."""

    def __init__(self, connection: socket.socket) -> None:
        self.frames = FrameSocket(connection, received=self._received, closed=self._parent_gone)
        self._ready: asyncio.Future[LocalExecutor] = asyncio.get_running_loop().create_future()
        self._source = _PipeSource(self.frames)
        self._executor: LocalExecutor | None = None
        self._changing = True
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._gone = False
        self._left_out = 0
        self._orders: dict[str, Callable[..., None]] = {
            "spec": self._take_spec,
            "node": self._take_node,
            "go": self._go,
            "no": self._refuse,
            "end": self._source.end,
            "stop": self._stop,
            "halt": self._halt,
            "abort": self._abort,
            "grown": self._grow,
        }

    async def run(self) -> None:
        executor = await self._ready
        await executor.run(self._source)

    async def admit(self, nodes: Sequence[str]) -> None:
        if self._gone:
            raise NodeError(Outcome.CANCELLED, _OWNER_GONE)
        for node in nodes:
            self.frames.send(("start", node))
            if self._changing:
                answer = self._asked[node] = asyncio.get_running_loop().create_future()
                await answer

    def each(self, result: NodeResult) -> None:
        self.frames.send(("result", pack_result(result)))

    def live(self, node: str, stream: str, line: bytes) -> None:
        if self.frames.is_choked():
            self._left_out += 1
            return
        if self._left_out:
            self.frames.send(("live", node, stream, b"(%d lines not shown)" % self._left_out))
            self._left_out = 0
        self.frames.send(("live", node, stream, line))

    def trouble(self, sentence: str) -> None:
        self.frames.send(("trouble", sentence))

    def _received(self, messages: list[Message]) -> None:
        for name, *values in messages:
            self._orders[name](*values)

    def _take_spec(self, data: bytes) -> None:
        """Take the first message; the executor is there before the next, which may be meant for it already."""
        try:
            spec: Spec = pickle.loads(data)  # noqa: S301 - our own parent wrote it, to our own end of a socket pair
        except Exception as problem:  # noqa: BLE001 - raised by `run`, where it ends this process with a traceback
            self._ready.set_exception(problem)
            return
        self._changing = spec.changing
        self._source.credit = max(1, min(_MOST_CREDIT_COUNT, spec.width // 2))
        self._executor = LocalExecutor(spec, self, SystemClock())
        self._ready.set_result(self._executor)

    def _take_node(self, values: tuple[Any, ...]) -> None:
        self._source.deal(unpack_endpoint(values))

    def _go(self, nodes: Sequence[str]) -> None:
        for node in nodes:
            answer = self._asked.pop(node, None)
            if answer is not None and not answer.done():
                answer.set_result(None)

    def _refuse(self, nodes: Sequence[str], outcome: str, message: str) -> None:
        for node in nodes:
            answer = self._asked.pop(node, None)
            if answer is not None and not answer.done():
                answer.set_exception(NodeError(Outcome(outcome), message))

    def _stop(self) -> None:
        self.frames.send(("back", self._source.give_back()))
        if self._executor:
            self._executor.stop()

    def _halt(self, why: str) -> None:
        self._refuse([*self._asked], Outcome.CANCELLED.value, "nothing was started")
        self._stop()
        if self._executor:
            self._executor.halt(why)

    def _abort(self, why: str) -> None:
        self._halt(why)
        if self._executor:
            self._executor.abort(why)

    def _grow(self, values: tuple[int, bool, str]) -> None:
        if self._executor:
            self._executor.grow(unpack_growth(values))

    def _parent_gone(self) -> None:
        self._gone = True
        if not self._ready.done():
            self._ready.set_exception(SystemExit(0))
        self._halt(_OWNER_GONE)
