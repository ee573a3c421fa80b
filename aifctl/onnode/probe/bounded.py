"""Asking what may never answer: in children, so that silence costs one answer and not the section.

Each child is a process group of its own: one that not even KILL ends is remembered by what it was asked, and that alone
is not asked again; the frame, which holds back a whole section for what is left in the section's group, never sees it.
"""

import contextlib
import os
import select
import signal
import time
import zlib

from .reply import first_line
from .stuck import Stuck, default_folder

_GONE_S = 0.2
_NAP_MS = 2
_CHILD_GRACE_S = 5

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Sequence

    Ask = Callable[[str], str]


class Asking:
    """Questions of one kind (a word without a dot), each a text that is answered by one line of text."""

    def __init__(self, kind: str, ask: "Ask", stuck: "Stuck | None" = None) -> None:
        self._kind, self._ask = kind, ask
        self._stuck = stuck or Stuck(default_folder(), first_line("/", "proc/sys/kernel/random/boot_id"))

    def held(self, question: str) -> bool:
        """Whether a child of an earlier probe is still stuck in it."""
        return bool(self._stuck.held.get(self._key(question)))

    def answers(self, groups: "Sequence[Sequence[str]]", patience_s: float, limit_s: float) -> "Dict[str, str]":
        """Ask all, each group one after the other in one child, the groups at once; what is silent is left out.

        Args:
            groups: questions; one that is held is not asked.
            patience_s: how long one may be silent; then it is given up, and the rest of its group asked by another child.
            limit_s: for all together.
        """
        end_s = time.monotonic() + limit_s
        found = {}  # type: Dict[str, str]
        waiting = [[one for one in group if not self.held(one)] for group in groups]
        running = []  # type: List[_Child]
        while waiting or running:
            running += [_Child(group, self._ask) for group in waiting if group]
            waiting = []
            _listen(running, patience_s, end_s)
            now_s = time.monotonic()
            for child in list(running):
                if not child.open:
                    running.remove(child)
                    child.reap()
                elif now_s >= min(child.heard_s + patience_s, end_s):
                    running.remove(child)
                    left = self._give_up(child)
                    if left and now_s < end_s:
                        waiting.append(left)
                found.update(child.said)
        return found

    def _give_up(self, child: "_Child") -> "List[str]":
        """End a child that is silent; return what it was still to be asked."""
        if not child.end() and child.left:
            self._stuck.remember(self._key(child.left[0]), child.pid)
        return child.left[1:]

    def _key(self, question: str) -> str:
        return "%s-%08x" % (self._kind, zlib.crc32(question.encode("utf-8", "surrogateescape")) & 0xFFFFFFFF)


class _Child:
    """One child and what it has said so far."""

    def __init__(self, questions: "Sequence[str]", ask: "Ask") -> None:
        self.left = list(questions)
        self.said = {}  # type: Dict[str, str]
        self.open = True
        self.heard_s = time.monotonic()
        self._buffer = b""
        self.fd, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setpgid(0, 0)
                signal.alarm(max(_CHILD_GRACE_S, 2 * len(self.left)))
                for question in self.left:
                    line = ask(question).replace("\n", " ").encode("utf-8", "surrogateescape") + b"\n"
                    while line:
                        line = line[os.write(writing, line) :]
            finally:
                os._exit(0)
        os.close(writing)

    def hear(self) -> None:
        data = os.read(self.fd, 65536)
        self.heard_s = time.monotonic()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines[: len(self.left)]:
            self.said[self.left.pop(0)] = line.decode("utf-8", "surrogateescape")
        if not data:
            self.open = False
            os.close(self.fd)

    def reap(self) -> None:
        os.waitpid(self.pid, 0)

    def end(self) -> bool:
        """Kill it; return whether that ended it."""
        os.close(self.fd)
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
        end_s = time.monotonic() + _GONE_S
        nap = select.poll()
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > end_s:
                return False
            nap.poll(_NAP_MS)
        return True


def _listen(running: "Sequence[_Child]", patience_s: float, end_s: float) -> None:
    """Hear what is said until somebody's patience is over, or somebody is done."""
    if not running:
        return
    poll = select.poll()
    for child in running:
        poll.register(child.fd, select.POLLIN)
    by_fd = {child.fd: child for child in running}
    due_s = min([end_s] + [child.heard_s + patience_s for child in running])
    for fd, _ in poll.poll(max(0, int((due_s - time.monotonic()) * 1000) + 1)):
        by_fd[fd].hear()
