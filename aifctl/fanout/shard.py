"""One worker process as its parent sees it."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import IO

from aifctl.fanout.executor import Spec
from aifctl.fanout.frames import FrameSocket, Message
from aifctl.fanout.wire import pack_endpoint
from aifctl.fleet.endpoint import Endpoint

_WAIT_S = 5.0


class Shard:
    """Spawned at once, given its spec as the first message.

    Attributes:
        credit: nodes that it has asked for and not been given.
        ready: it has asked for the first time.
        dealt: the nodes that it has and has not told about.
        started: those of them that may have begun, with the time at which they were announced.
        alive: its end of the socket is open.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        log: IO[bytes],
        received: Callable[[Shard, list[Message]], None],
        closed: Callable[[Shard], None],
    ) -> None:
        self.credit = 0
        self.ready = False
        self.dealt: dict[str, Endpoint] = {}
        self.started: dict[str, float] = {}
        self.alive = True
        self._closed = closed
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(theirs.fileno(), log)
        self.frames = FrameSocket(ours, received=lambda messages: received(self, messages), closed=self._gone)
        self.frames.send(("spec", pickle.dumps(spec)))

    def deal(self, endpoint: Endpoint) -> None:
        """Give it a node; one that comes from a dead worker or for another try may come unasked."""
        self.credit = max(0, self.credit - 1)
        self.dealt[endpoint.name] = endpoint
        self.frames.send(("node", pack_endpoint(endpoint)))

    def ask(self, count: int) -> None:
        """Note that it wants so many more nodes."""
        self.credit += count
        self.ready = True

    def settle(self, node: str) -> None:
        """Forget a node that it has told about."""
        self.dealt.pop(node, None)
        self.started.pop(node, None)

    def kill(self) -> None:
        """End it now; its remote work is ended by nobody."""
        self._process.kill()

    def ending(self) -> str:
        """Reap it and say how it ended; it must have closed its pipe, or been killed."""
        try:
            code = self._process.wait(timeout=_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    def _gone(self) -> None:
        self.alive = False
        self._closed(self)


def _spawn(descriptor: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a worker; signals that end a process group are held back until it has learnt to ignore them.

    -P and a PYTHONPATH of our own: the worker imports what we import, and never what lies in the current directory.
    """
    held = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "aifctl.fanout.shard_worker", str(descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            pass_fds=(descriptor,),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
