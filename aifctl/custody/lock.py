"""`--lock NAME`: one at a time, held by the kernel, so that kill -9 lets go of it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from aifctl.core.errors import BusyError, SetupError, UsageError
from aifctl.core.process import ProcessIdentity, identity_of, this_process
from aifctl.core.state_dir import StateDir
from aifctl.core.units import parse_duration_s
from aifctl.ports.clock import Clock

LOCKS = "locks"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_POLL_S = 0.2
# Between taking the lock and saying who holds it lie two system calls.
_INTRODUCTION_TRIES = 5
_INTRODUCTION_S = 0.02
_MOST_COMMAND = 300


class Manner(StrEnum):
    """What to do where somebody else holds the lock."""

    FAIL = "fail"
    SKIP = "skip"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """`--lock`, parsed; `wait_s` counts for Manner.WAIT alone."""

    name: str
    manner: Manner = Manner.FAIL
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as it has said itself."""

    process: ProcessIdentity
    since: datetime
    deadline_s: float
    command: str

    def age_s(self, now: datetime) -> float:
        return max(0.0, (now - self.since).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Somebody else is at it and within its deadline: nothing to do, exit 0. `message` is for stderr."""

    message: str


class Lock:
    """A lock that is held until it is closed or the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        """Let go; idempotent."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parse_lock(text: str) -> LockRequest:
    """Parse NAME, NAME:skip or NAME:wait=30s; UsageError otherwise."""
    name, colon, manner = text.partition(":")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--lock {text!r}: a name has letters, digits, dots, dashes and underscores, 64 at most, and starts with "
            "a letter or digit"
        )
    if not colon:
        return LockRequest(name=name)
    if manner == Manner.SKIP:
        return LockRequest(name=name, manner=Manner.SKIP)
    word, equals, wait = manner.partition("=")
    if word != Manner.WAIT or not equals:
        raise UsageError(f"--lock {text!r}: behind the name stands nothing, :skip or :wait=TIME")
    return LockRequest(name=name, manner=Manner.WAIT, wait_s=parse_duration_s(wait))


def take_lock(
    state: StateDir,
    request: LockRequest,
    *,
    deadline_s: float,
    command: str,
    clock: Clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Lock | Skipped:
    """Take the lock, or say why not.

    Skipped only with `:skip` and only while the holder is younger than its own deadline: a holder beyond it hangs, and
    a cron job that goes on skipping for it would look healthy for ever. BusyError names the holder otherwise.
    """
    path = state.folder(LOCKS) / f"{request.name}.lock"
    try:
        descriptor = state.open_file(path, os.O_RDWR | os.O_CREAT)
    except OSError as problem:
        raise SetupError(f"the lock {path} can't be opened: {problem.strerror}") from problem
    try:
        if not _acquire(descriptor, request, clock, sleep):
            return _without(descriptor, request, clock, sleep)
        _introduce(
            descriptor, Holder(process=this_process(), since=clock.now(), deadline_s=deadline_s, command=command)
        )
    except OSError as problem:
        os.close(descriptor)
        raise SetupError(f"the lock {path} can't be taken: {problem.strerror}") from problem
    return Lock(descriptor)


def read_holders(state: StateDir) -> list[tuple[str, Holder]]:
    """Return the locks that are held on this control host now, by name; takes none, so nobody has to wait for a look."""
    found = []
    for path in sorted((state.path / LOCKS).glob("*.lock")):
        try:
            holder = _parse_holder(path.read_bytes())
        except OSError:
            continue  # gone, or somebody else's: not ours to report on
        if holder is not None and holder.process.is_alive():
            found.append((path.stem, holder))
    return found


def _acquire(descriptor: int, request: LockRequest, clock: Clock, sleep: Callable[[float], None]) -> bool:
    until_s = clock.monotonic_s() + (request.wait_s if request.manner is Manner.WAIT else 0.0)
    while not _try(descriptor):
        left_s = until_s - clock.monotonic_s()
        if left_s <= 0:
            return False
        sleep(min(_POLL_S, left_s))
    return True


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _without(descriptor: int, request: LockRequest, clock: Clock, sleep: Callable[[float], None]) -> Skipped:
    try:
        holder = _read_holder(descriptor, sleep)
    finally:
        os.close(descriptor)
    waited = f" after {request.wait_s:g} s of waiting" if request.manner is Manner.WAIT else ""
    if holder is None:
        raise BusyError(f"the lock {request.name!r} is held{waited}, by whom is not known; try again later")
    age_s = holder.age_s(clock.now())
    said = _describe(request.name, holder, age_s)
    if request.manner is not Manner.SKIP:
        raise BusyError(f"{said}{waited}; try again later, or end it there")
    if age_s >= holder.deadline_s:
        raise BusyError(f"{said}, beyond its own deadline of {holder.deadline_s:g} s, so it hangs; end it there")
    return Skipped(message=f"{said}; skipped")


def _describe(name: str, holder: Holder, age_s: float) -> str:
    process = holder.process
    return (
        f"the lock {name!r} is held by pid {process.pid} on {process.control_host} ({holder.command}) since "
        f"{holder.since:%Y-%m-%dT%H:%M:%SZ}, {age_s:.0f} s"
    )


def _introduce(descriptor: int, holder: Holder) -> None:
    facts = {
        **holder.process.facts(),
        "since": holder.since.timestamp(),
        "deadline_s": holder.deadline_s,
        "command": holder.command[:_MOST_COMMAND],
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(facts).encode("ascii"), 0)


def _read_holder(descriptor: int, sleep: Callable[[float], None]) -> Holder | None:
    for _ in range(_INTRODUCTION_TRIES):
        holder = _parse_holder(os.pread(descriptor, 1 << 16, 0))
        # What an earlier holder left when it was killed is no introduction.
        if holder is not None and (holder.process.is_alive() or not holder.process.is_local()):
            return holder
        sleep(_INTRODUCTION_S)
    return None


def _parse_holder(data: bytes) -> Holder | None:
    try:
        facts: Mapping[str, Any] = json.loads(data)
        process = identity_of(facts)
        since = datetime.fromtimestamp(facts["since"], tz=UTC)
        deadline_s, command = float(facts["deadline_s"]), str(facts["command"])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
        return None
    if process is None:
        return None
    return Holder(process=process, since=since, deadline_s=deadline_s, command=command)
