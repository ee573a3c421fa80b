"""Runs all sections at once, each in a forked child of its own with a limit of its own; none takes another down.

The parent has no threads, so that forking is safe. A child's stdin, stdout and stderr are /dev/null: what it prints
harms nobody, and a child that can't be ended does not keep the SSH session open.
"""

import contextlib
import os
import select
import signal
import time

from . import child
from .reply import SECTION_MOST_BYTES, Answer, answer

#: A child that has been killed, or has answered, gets this long to be gone; then it is left behind and remembered.
_GONE_S = 0.3
_NAP_MS = 2
_MOST_BYTES = SECTION_MOST_BYTES + 4096

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Sequence

    from .stuck import Stuck

    Read = Callable[..., Any]


class Section:
    """One section: what to call, and how long that may take.

    Attributes:
        silence_s: where it is set, `read` takes `beat` and calls it whenever something has answered; so much time
            without a beat means that the driver hangs.
        slow_limit_s: how long it may take from beat("nvidia-smi") on, in place of both other limits.
    """

    __slots__ = ("limit_s", "name", "read", "silence_s", "slow_limit_s")

    def __init__(
        self, name: str, read: "Read", limit_s: float, silence_s: float = 0.0, slow_limit_s: float = 0.0
    ) -> None:
        self.name, self.read, self.limit_s = name, read, limit_s
        self.silence_s, self.slow_limit_s = silence_s, slow_limit_s

    @property
    def most_s(self) -> float:
        """The longest that it may ever take."""
        return self.limit_s + self.silence_s + self.slow_limit_s


def run_sections(
    sections: "Sequence[Section]", root: str, arguments: "Dict[str, Any]", stuck: "Stuck"
) -> "Dict[str, Answer]":
    """Run them all to an answer each; takes as long as the slowest one's limit and a second or two."""
    answers = {}
    running = []
    try:
        for section in sections:
            if stuck.held.get(section.name):
                answers[section.name] = _held_answer(section, stuck)
                continue
            try:
                running.append(_Run(section, root, arguments))
            except OSError as problem:  # no more processes, no more descriptors
                answers[section.name] = answer("error", "failed", "it could not be started: %s" % problem.strerror)
        _wait_for_answers(running)
    finally:
        _end(running, stuck)
    for run in running:
        answers[run.section.name] = run.answer()
    return answers


class _Run:
    """One child, seen from the parent."""

    def __init__(self, section: Section, root: str, arguments: "Dict[str, Any]") -> None:
        self.section = section
        self.begun_s = time.monotonic()
        self.deadline_s = self.begun_s + (section.silence_s or section.limit_s)
        self.late = ""
        self._why = "no answer in %g s" % section.limit_s
        if section.silence_s:
            self._why = "the driver said nothing for %g s" % section.silence_s
        self._slow = self._reaped = False
        self._status = 0
        self._buffer = bytearray()
        self._due_bytes = -1  # the answer's length, -1 before it is known
        self.fd, writing = os.pipe()
        try:
            self.pid = os.fork()
            if self.pid == 0:
                try:
                    os.close(self.fd)
                    child.run(section, root, arguments, writing)
                finally:
                    os._exit(1)  # nothing of what follows is the child's business
        except OSError:
            os.close(self.fd)
            raise
        finally:
            os.close(writing)
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)  # the child does so, too: whoever comes first

    def take(self) -> bool:
        """Take what has come; False where nothing more will."""
        data = os.read(self.fd, 65536)
        self._buffer += data
        while self._due_bytes < 0 and b"\n" in self._buffer:
            word, _, rest = bytes(self._buffer).partition(b"\n")
            self._buffer[:] = rest
            if word.isdigit():
                self._due_bytes = int(word)
            else:
                self._beat(word)
        return bool(data) and not self._too_large() and not 0 <= self._due_bytes <= len(self._buffer)

    def give_up(self) -> None:
        """End it for having said nothing in time."""
        self.late = self._why
        self.kill()

    def kill(self) -> None:
        """Kill it and all that it has started; not after it was reaped, when the number may be another's."""
        if not self._reaped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> bool:
        """Return whether it is gone, taking its status if it has just ended."""
        if not self._reaped and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            self.kill()  # what it has left: until the next line its number is its own
            self._status = os.waitpid(self.pid, 0)[1]
            self._reaped = True
        return self._reaped

    @property
    def answered(self) -> bool:
        """Whether it has said all that it had to."""
        return 0 <= self._due_bytes == len(self._buffer)

    def answer(self) -> Answer:
        """Return what it has said, or what is to be said of it."""
        took_s = time.monotonic() - self.begun_s
        if self.answered:
            return Answer(self._buffer.decode("ascii"))
        if self.late:
            return answer("timeout", "driver-hung" if self.section.silence_s else "", self.late, took_s)
        if self._too_large():
            return answer("error", "too-large", "its answer has no end", took_s)
        if self._reaped and os.WIFSIGNALED(self._status):
            return answer("error", "killed", "ended by signal %d" % os.WTERMSIG(self._status), took_s)
        return answer("error", "failed", "ended without an answer", took_s)

    def _too_large(self) -> bool:
        return max(len(self._buffer), self._due_bytes) > _MOST_BYTES

    def _beat(self, word: bytes) -> None:
        now_s, section = time.monotonic(), self.section
        if word == b"nvidia-smi" and not self._slow:
            self._slow, self.deadline_s = True, now_s + section.slow_limit_s
            self._why = "nvidia-smi did not answer in %g s" % section.slow_limit_s
        elif section.silence_s and not self._slow:
            self.deadline_s = now_s + section.silence_s
            if self.deadline_s > self.begun_s + section.limit_s:
                self.deadline_s = self.begun_s + section.limit_s
                self._why = "the driver answers so slowly that %g s were not enough" % section.limit_s


def _wait_for_answers(running: "List[_Run]") -> None:
    waiting = {run.fd: run for run in running}
    poll = select.poll()
    for fd in waiting:
        poll.register(fd, select.POLLIN)
    while waiting:
        nearest_s = min(run.deadline_s for run in waiting.values()) - time.monotonic()
        ready = [fd for fd, _ in poll.poll(max(0, int(nearest_s * 1000) + 1))]
        done = [fd for fd in ready if not waiting[fd].take()]
        now_s = time.monotonic()
        for fd, run in waiting.items():
            if fd not in done and run.deadline_s <= now_s:
                run.give_up()
                done.append(fd)
        for fd in done:
            poll.unregister(fd)
            os.close(fd)
            del waiting[fd]


def _end(running: "List[_Run]", stuck: "Stuck") -> None:
    """See all children gone, by force where they don't go, and remember those that force does not move."""

    def all_reaped() -> bool:
        return [run.reap() for run in running].count(False) == 0  # all of them, each time

    if not _wait_until(all_reaped):
        for run in running:
            run.kill()
        _wait_until(all_reaped)
    processes = stuck.processes
    orphaned = [run.pid for run in running if run.reap() and processes.in_group(run.pid)]
    if orphaned:
        _wait_until(lambda: not any(map(processes.in_group, orphaned)))
    for run in running:
        if processes.in_group(run.pid):
            for pid in processes.members_of(run.pid):
                # A driver without persistence mode takes seconds to let go of who has had its answer: no hang yet.
                stuck.remember(run.section.name, pid, tell=pid != run.pid or not run.answered)


def _wait_until(holds: "Callable[[], bool]") -> bool:
    end_s = time.monotonic() + _GONE_S
    nap = select.poll()
    while not holds():
        if time.monotonic() > end_s:
            return False
        nap.poll(_NAP_MS)
    return True


def _held_answer(section: Section, stuck: "Stuck") -> Answer:
    pid, since_s = min(stuck.held[section.name], key=lambda found: found[1])
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(since_s))
    message = "process %d of an earlier probe has been stuck in it since %s; it was not tried again" % (pid, since)
    return answer("timeout", "driver-hung" if section.silence_s else "still-stuck", message)
