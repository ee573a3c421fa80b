"""Secrets by reference: a file, a file descriptor, a command, or the terminal; never a value in argv or environment."""

from __future__ import annotations

import getpass
import os
import select
import shlex
import subprocess
import time
import warnings
from pathlib import Path

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.secret import Secret

_MOST_BYTES = 65_536
_COMMAND_TIMEOUT_S = 60
_LATE = f"it takes more than {_COMMAND_TIMEOUT_S} s"


class _NoSecretError(Exception):
    """Why there is none, in words that hold nothing of it."""


def read_secret(reference: str, *, what: str) -> Secret:
    """Read `file:PATH`, `fd:N`, `cmd:COMMAND` or `ask`; one trailing newline is dropped. `what` names it in errors."""
    kind, _, rest = reference.partition(":")
    readers = {"file": _from_file, "fd": _from_descriptor, "cmd": _from_command, "ask": _from_terminal}
    if kind not in readers or (kind != "ask" and not rest):
        raise UsageError(f"{what} is given by reference, never by value: file:PATH, fd:N, cmd:COMMAND or ask")
    try:
        value = readers[kind](rest or what)
    except _NoSecretError as problem:
        raise SetupError(f"{what} can't be read from {kind}:…: {problem}") from problem
    except (OSError, ValueError, EOFError) as problem:
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
    if not number.isdecimal():
        raise _NoSecretError("N must be the number of an open file descriptor")
    with os.fdopen(int(number), "rb", closefd=False) as stream:
        return stream.read(_MOST_BYTES)


def _from_command(line: str) -> bytes:
    """Run it without a shell; it stays in our session, where a password store can ask its person at the terminal."""
    end_s = time.monotonic() + _COMMAND_TIMEOUT_S
    with subprocess.Popen(
        shlex.split(line), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101  a pipe was asked for
            data = _printed(process.stdout.fileno(), end_s)
            status = process.wait(max(0.0, end_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise _NoSecretError(_LATE) from None
        finally:
            process.kill()
    if status:
        raise _NoSecretError(f"it ended with status {status}")
    return data


def _printed(descriptor: int, end_s: float) -> bytes:
    """Read all that is printed, and no more of a flood than says that it is one."""
    data, readable = b"", select.poll()
    readable.register(descriptor, select.POLLIN)
    while len(data) <= _MOST_BYTES:
        if not readable.poll(max(0.0, end_s - time.monotonic()) * 1000):
            raise _NoSecretError(_LATE)
        more = os.read(descriptor, _MOST_BYTES)
        if not more:
            return data
        data += more
    raise _NoSecretError(f"it prints more than {_MOST_BYTES} bytes")


def _from_terminal(what: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{what}: ").encode()
        except getpass.GetPassWarning as problem:  # it would read stdin, and show what is typed
            raise _NoSecretError("there is no terminal to ask at") from problem
