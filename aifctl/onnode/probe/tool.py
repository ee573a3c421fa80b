"""Running one tool of the node's: bounded in time and size, without the 10 ms that importing subprocess costs."""

import contextlib
import os
import select
import signal
import time

from .trouble import Trouble

_MOST_BYTES = 64 << 10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence, Tuple


def find(root: str, name: str) -> "Optional[str]":
    """Return where a tool is: nobody's PATH is trusted."""
    for folder in ("usr/bin", "bin", "usr/sbin", "sbin", "usr/local/bin", "run/current-system/sw/bin"):
        path = os.path.join(root, folder, name)
        if os.access(path, os.X_OK):
            return path
    return None


def run(command: "Sequence[str]", limit_s: float) -> "Tuple[int, str]":
    """Run it and return its exit status (negative: the signal) and what it printed, stderr behind stdout, cut at 64 KiB.

    Raises:
        Trouble: it did not end in time.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.execve(command[0], list(command), {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})  # noqa: S606 - a shell would only be in between
        finally:
            os._exit(127)
    os.close(writing)
    until_s = time.monotonic() + limit_s
    try:
        said = _read(reading, until_s)
        status = None if said is None else _status(pid, until_s)
    finally:
        os.close(reading)
    if said is None or status is None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        raise Trouble("tool-hung", "%s did not come back within %g s" % (os.path.basename(command[0]), limit_s))
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return code, said.decode("utf-8", "replace")


def _status(pid: int, until_s: float) -> "Optional[int]":
    """Wait for the end of what has closed its output; None where it does not end."""
    nap = select.poll()
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > until_s:
            return None
        nap.poll(1)


def _read(fd: int, until_s: float) -> "Optional[bytes]":
    said = b""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not poll.poll(int(left_s * 1000) + 1):
            return None
        part = os.read(fd, 65536)
        if not part:
            break
        said = (said + part)[:_MOST_BYTES]  # the rest is read and dropped, so that it ends by itself
    return said
