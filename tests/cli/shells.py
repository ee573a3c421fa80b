"""Real shells on a terminal of their own: what is typed, keys included, and what the command is then called with."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

COMPLETIONS = CHECKOUT / "completions"
DEMO = CHECKOUT / "inventory/demo"
PROMPT = "ready> "
_CALLED = "aifctl was called"

#: Answers completion as aifctl does; of any other command line it writes down the arguments.
_AIFCTL = """#!/bin/sh
if [ "$1" = __complete ]; then exec '{python}' -m aifctl "$@"; fi
printf '%s\\0' "$@" >'{said}'
printf '%s\\n' '{called}' >/dev/tty
"""


def needs(shell: str) -> None:
    for program in (shell, "setsid"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def environ(folder: Path) -> dict[str, str]:
    """Return surroundings in which `aifctl` is found, the demo inventory in use, and nothing of this machine."""
    program = folder / "bin/aifctl"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(_AIFCTL.format(python=sys.executable, said=folder / "said", called=_CALLED))
    program.chmod(0o755)
    return {
        "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(CHECKOUT),
        "AIFCTL_INVENTORY": str(DEMO),
        "AIFCTL_STATE_DIR": str(folder / "state"),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
    }


class Terminal:
    """One interactive shell."""

    def __init__(self, descriptor: int, said: Path) -> None:
        self._descriptor, self._said = descriptor, said
        self._shown = b""

    def press(self, keys: str) -> list[str]:
        """Type a line that calls aifctl and ends it; return aifctl's arguments."""
        self._said.unlink(missing_ok=True)
        os.write(self._descriptor, f"{keys}\r".encode())
        self._wait_for(_CALLED)  # a list of candidates shows the prompt again, so that is not enough
        self._wait_for(f"\n{PROMPT}")
        return self._said.read_text().split("\0")[:-1]

    def enter(self, line: str) -> None:
        """Give the shell itself a line."""
        os.write(self._descriptor, f"{line}\r".encode())
        self._wait_for(f"\n{PROMPT}")

    def _wait_for(self, text: str) -> None:
        mark = text.encode()
        while mark not in self._shown:
            self._shown += os.read(self._descriptor, 65536)
        self._shown = self._shown.partition(mark)[2]


@contextmanager
def terminal(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[Terminal]:
    """Start a shell with a terminal of its own; it ends when that is closed."""
    mine, its = pty.openpty()
    shell = subprocess.Popen(["setsid", "--ctty", *command], stdin=its, stdout=its, stderr=its, cwd=folder, env=env)
    os.close(its)
    try:
        yield Terminal(mine, folder / "said")
    finally:
        os.close(mine)
        shell.kill()
        shell.wait()
