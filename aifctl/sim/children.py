"""The processes of a fleet: started, waited for, ended by recorded identity and never by name."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.core.process import ProcessIdentity, identity_of

_READY_S, _END_S = 60.0, 5.0

#: Workers that this process started: who starts and ends a fleet in one process must also reap it.
_children: dict[int, subprocess.Popen[bytes]] = {}


class PortTakenError(Exception):
    """A worker found the port in use."""


def spawn(folder: Path, number: int, first: int, last: int, *, tied: bool) -> subprocess.Popen[bytes]:
    """Start one worker in a session of its own: no terminal's Ctrl-C reaches it."""
    log = os.open(folder / f"worker-{number}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    command = [sys.executable, "-m", "aifctl.sim.worker", str(folder), str(number), str(first), str(last)]
    try:
        return subprocess.Popen(
            [*command, *(["--tied"] if tied else [])], stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log, start_new_session=True, cwd="/", env=_environment(),
        )  # fmt: skip
    finally:
        os.close(log)


def _environment() -> dict[str, str]:
    """Return this process's environment, with our package found from the root directory as well."""
    package_home = str(Path(__file__).resolve().parents[2])
    paths = [package_home, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def wait_ready(started: list[subprocess.Popen[bytes]], folder: Path) -> list[ProcessIdentity]:
    """Wait for each worker's line; SetupError or PortTakenError where one can't listen."""
    found, until = [], time.monotonic() + _READY_S
    for number, process in enumerate(started):
        assert process.stdout is not None  # noqa: S101  it was asked for
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        line = process.stdout.readline() if readable else b""
        process.stdout.close()
        facts: dict[str, Any] = json.loads(line) if line else {"problem": f"see {folder / f'worker-{number}.log'}"}
        if facts.get("taken"):
            raise PortTakenError(facts["problem"])
        identity = identity_of(facts.get("process", {}))
        if identity is None:
            raise SetupError(f"the simulated fleet did not start: {facts['problem']}{_last_words(folder, number)}")
        found.append(identity)
    return found


def _last_words(folder: Path, number: int) -> str:
    """Return the last line of a worker's log: the folder goes, and the log with it."""
    lines = (folder / f"worker-{number}.log").read_text(errors="backslashreplace").strip().splitlines()
    return f" ({lines[-1][:300]})" if lines else ""


def end(workers: tuple[ProcessIdentity, ...]) -> int:
    """End processes: TERM, a wait, KILL. Only those that are the very ones that were recorded."""
    alive = [worker for worker in workers if worker.is_alive()]
    for name, most_s in ((signal.SIGTERM, _END_S), (signal.SIGKILL, _END_S)):
        for worker in alive:
            _signal(worker, name)
        until = time.monotonic() + most_s
        while any(worker.is_alive() for worker in alive) and time.monotonic() < until:
            time.sleep(0.02)
    reap([_children.pop(worker.pid) for worker in workers if worker.pid in _children])
    return len(alive)


def _signal(worker: ProcessIdentity, name: signal.Signals) -> None:
    """Signal exactly that process: a descriptor of it can't come to mean another one between look and signal."""
    try:
        descriptor = os.pidfd_open(worker.pid)
    except ProcessLookupError:
        return
    try:
        if worker.is_alive():
            signal.pidfd_send_signal(descriptor, name)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def remember(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """Keep workers of ours until `end`; tied ones live as long as these are held."""
    _children.update({process.pid: process for process in started})


def reap(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait for workers of ours, ending those that still run."""
    for process in started:
        if process.stdin:
            process.stdin.close()
        if process.stdout:
            process.stdout.close()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
