"""Secrets by reference: a file, a file descriptor, a command, or the terminal; never a value in argv or environment."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
from pathlib import Path

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.secret import Secret

_MOST_BYTES = 65_536
_COMMAND_TIMEOUT_S = 60


def read_secret(reference: str, *, what: str) -> Secret:
    """Read `file:PATH`, `fd:N`, `cmd:COMMAND` or `ask`; one trailing newline is dropped. `what` names it in errors."""
    kind, _, rest = reference.partition(":")
    readers = {"file": _from_file, "fd": _from_descriptor, "cmd": _from_command, "ask": _from_terminal}
    if kind not in readers or (kind != "ask" and not rest):
        raise UsageError(f"{what} is given by reference, never by value: file:PATH, fd:N, cmd:COMMAND or ask")
    try:
        value = readers[kind](rest or what)
    except (OSError, ValueError, EOFError, subprocess.SubprocessError) as problem:
        reason = getattr(problem, "strerror", None) or type(problem).__name__
        raise SetupError(f"{what} can't be read from {kind}:…: {reason}") from problem
    value = value.removesuffix(b"\n").removesuffix(b"\r")
    if not value or b"\n" in value:
        raise SetupError(f"{what} from {kind}:… must be one line that is not empty")
    return Secret(value)


def _from_file(path: str) -> bytes:
    file = Path(path).expanduser()
    with file.open("rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if mode & 0o077:
            raise SetupError(f"{file} holds a secret and others can read it (mode {mode & 0o777:04o}); chmod 600 it")
        return stream.read(_MOST_BYTES)


def _from_descriptor(number: str) -> bytes:
    with os.fdopen(int(number), "rb", closefd=False) as stream:
        return stream.read(_MOST_BYTES)


def _from_command(line: str) -> bytes:
    done = subprocess.run(
        shlex.split(line), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_COMMAND_TIMEOUT_S
    )
    return done.stdout[:_MOST_BYTES]


def _from_terminal(what: str) -> bytes:
    return getpass.getpass(f"{what}: ").encode()
