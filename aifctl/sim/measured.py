"""One command, measured: CPU of it and of all that it waited for, wall time, memory over its whole tree."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

#: smaps_rollup of a process of 100 MB takes the kernel 1-2 ms; a run of half a second is seen five times.
_SAMPLE_S = 0.1
_END_S = 10.0
_LAST_WORDS_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command cost.

    Attributes:
        cpu_s: user and system time of the process and of its descendants, as the kernel counted them.
        pss_bytes: the largest sum of PSS over its process tree that was seen; 0 where it ended before the first look.
        processes_count: the most processes seen at once.
        stderr: the end of it.
    """

    exit_code: int
    wall_s: float
    cpu_s: float
    pss_bytes: int
    processes_count: int
    stderr: bytes


def measure(
    command: Sequence[str], *, stdout: BinaryIO, env: Mapping[str, str], cwd: Path, stdin: bytes = b"", timeout_s: float
) -> Cost:
    """Run a command to its end, its output into a file; one past its time is killed and shows in its exit code."""
    with tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as feed:
        feed.write(stdin)
        feed.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=dict(env), stdin=feed, stdout=stdout, stderr=err)
        memory = _Memory(process.pid)
        late = threading.Timer(timeout_s, process.kill)
        late.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end(process)
            raise
        finally:
            wall_s = time.perf_counter() - started
            late.cancel()
            memory.end()
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(max(0, err.seek(0, os.SEEK_END) - _LAST_WORDS_BYTES))
        return Cost(
            exit_code=process.returncode, wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime,
            pss_bytes=memory.most_bytes, processes_count=memory.most_processes, stderr=err.read(),
        )  # fmt: skip


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text(encoding="ascii").split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
    return found


def pss_bytes(pid: int) -> int:
    """Return a process's proportional share of memory; 0 once it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return parse_pss_bytes(text)


def parse_pss_bytes(text: str) -> int:
    """Read the Pss line of a smaps_rollup; it is in KiB."""
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:")), 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that nobody waits for any longer; it gets the time to end what it has begun."""
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Memory:
    """Looks at a process tree a few times a second until told to end."""

    def __init__(self, pid: int) -> None:
        self.most_bytes = self.most_processes = 0
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            processes = tree(self._pid)
            self.most_processes = max(self.most_processes, len(processes))
            self.most_bytes = max(self.most_bytes, sum(map(pss_bytes, processes)))
