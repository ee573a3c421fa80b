"""A node's process table: what its sessions run, who may signal it, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Signals that do not end a process by default.
_HARMLESS = frozenset({"0", "CONT", "CHLD", "WINCH", "URG", "STOP", "TSTP"})
NUMBERS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
    "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20,
}  # fmt: skip
_FIRST_PID = 1000


@dataclass(slots=True, eq=False, kw_only=True)
class Process:
    """One process: a session's command, or what it left in the background.

    Attributes:
        user: as whom it runs now; sudo changes it.
        session_pid: the sshd that all commands of one connection descend from; also what $PPID is.
        deaf: in uninterruptible sleep, no signal ends it.
        ignored: signals that it does not heed, by name (`trap ''`, nohup).
        ended_by: the signal that ended it.
    """

    pid: int
    session_pid: int
    line: str
    user: str
    started_s: float
    task: asyncio.Task[int] | None = None
    deaf: bool = False
    ignored: set[str] = field(default_factory=set)
    ended_by: str | None = None

    def signal(self, name: str) -> None:
        """Deliver a signal; what it does is seen when the process's task has had its turn."""
        ignored = name in self.ignored and name != "KILL"
        if name in _HARMLESS or ignored or self.deaf or self.ended_by:
            return
        self.ended_by = name
        if self.task:
            self.task.cancel()


class Processes:
    """The processes of one node. Numbers grow and are not used again."""

    def __init__(self) -> None:
        self._by_pid: dict[int, Process] = {}
        self._next_pid = _FIRST_PID

    def __iter__(self) -> Iterator[Process]:
        return iter(list(self._by_pid.values()))

    def __len__(self) -> int:
        return len(self._by_pid)

    def new_pid(self) -> int:
        self._next_pid += 1
        return self._next_pid

    def start(self, *, session_pid: int, line: str, user: str, started_s: float) -> Process:
        process = Process(pid=self.new_pid(), session_pid=session_pid, line=line, user=user, started_s=started_s)
        self._by_pid[process.pid] = process
        return process

    def find(self, pid: int) -> Process | None:
        return self._by_pid.get(pid)

    def of_session(self, session_pid: int) -> list[Process]:
        return [process for process in self if process.session_pid == session_pid]

    def gone(self, process: Process) -> None:
        self._by_pid.pop(process.pid, None)


def signal_name(text: str) -> str | None:
    """Return TERM for TERM, SIGTERM, term or 15; "0" for 0; None where there is no such signal."""
    name = text.upper().removeprefix("SIG")
    if name == "0" or name in NUMBERS:
        return name
    return next((known for known, number in NUMBERS.items() if str(number) == name), None)
