"""A simulated fleet as processes: started, found again, asked, ended by recorded identity."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import BackendError, BusyError, RefusedError, SetupError, UsageError
from aifctl.core.process import ProcessIdentity, identity_of
from aifctl.core.state_dir import StateDir
from aifctl.sim import credentials
from aifctl.sim.control import ask, socket_name
from aifctl.sim.fault import parse_planting
from aifctl.sim.files import FleetFiles
from aifctl.sim.layout import Layout
from aifctl.sim.free_port import free_port
from aifctl.sim.spec import FleetSpec
from aifctl.sim.targets import resolve_targets

_NODES_PER_WORKER = 250
_READY_S, _END_S = 60.0, 5.0
_PORT_TRIES = 5
_RECORD, _SPEC = "fleet.json", "spec.json"

#: Workers that this process started: who starts and ends a fleet in one process must also reap it.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimHandle:
    """A fleet that was started. `workers` in order; `ranges` are the indices that each answers for."""

    folder: Path
    spec: FleetSpec
    port: int
    workers: tuple[ProcessIdentity, ...]
    ranges: tuple[tuple[int, int], ...]

    @property
    def files(self) -> FleetFiles:
        return FleetFiles(self.folder)

    @property
    def layout(self) -> Layout:
        return Layout(self.spec.nodes_count)

    def alive(self) -> list[int]:
        """Return the numbers of the workers that still run."""
        return [number for number, worker in enumerate(self.workers) if worker.is_alive()]


def up(spec: FleetSpec, state: StateDir, *, tied: bool = False) -> SimHandle:
    """Start a fleet and return when every node listens.

    Args:
        tied: its processes end when this one does, however it ends; otherwise they stay until `down`.

    Raises:
        RefusedError: a fleet of that name is up.
        SetupError: its port is taken, or this machine lets a process open too few files.
    """
    for text in spec.faults:
        planting = parse_planting(text)
        resolve_targets(planting.where, Layout(spec.nodes_count), seed=spec.seed, kind=planting.fault.kind.name)
    with _locked(state):
        known = find(state, spec.name)
        if known is not None:
            _refuse_second(known)
            _clear(known)
        return _start(spec, state.folder("sim", spec.name), tied=tied)


def find(state: StateDir, name: str) -> SimHandle | None:
    """Return the fleet of that name, running or not; None where there is none."""
    folder = state.path / "sim" / name
    try:
        facts = json.loads((folder / _RECORD).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as problem:
        raise SetupError(f"{folder / _RECORD} can't be read: {problem}; remove {folder}") from problem
    return _handle(folder, facts)


def names(state: StateDir) -> list[str]:
    """Return the names of all fleets of this state directory."""
    folder = state.path / "sim"
    return sorted(path.parent.name for path in folder.glob(f"*/{_RECORD}")) if folder.is_dir() else []


def only_name(state: StateDir) -> str:
    """Return the name of the one fleet there is; UsageError where there are none or several."""
    known = names(state)
    if len(known) != 1:
        which = f"there are {', '.join(known)}; name one" if known else "none is up; `aifctl sim up` starts one"
        raise UsageError(f"which simulated fleet? {which}")
    return known[0]


def require(state: StateDir, name: str | None) -> SimHandle:
    """Return the fleet of that name, or the only one; UsageError where there is none."""
    chosen = name or only_name(state)
    handle = find(state, chosen)
    if handle is None:
        known = names(state)
        hint = f"there {'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else "none is up"
        raise UsageError(f"there is no simulated fleet {chosen!r}; {hint}")
    return handle


def down(handle: SimHandle, state: StateDir) -> int:
    """End a fleet and remove its folder; returns how many processes were ended."""
    with _locked(state):
        ended = _end(handle.workers)
        _clear(handle)
    return ended


def tell(handle: SimHandle, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask every worker; BackendError where one does not answer, UsageError where one refuses."""
    if len(handle.alive()) < len(handle.workers):
        lost = len(handle.workers) - len(handle.alive())
        raise BackendError(
            f"{lost} of {len(handle.workers)} processes of the simulated fleet {handle.spec.name} have gone; "
            f"`aifctl sim down {handle.spec.name}` clears up"
        )
    answers = [ask(handle.folder, number, request) for number in handle.alive()]
    for answer in answers:
        if "error" in answer:
            raise UsageError(str(answer["error"]))
    return answers


def _start(spec: FleetSpec, folder: Path, *, tied: bool) -> SimHandle:
    secret = secrets.token_bytes(credentials.SECRET_BYTES)
    first = Layout(spec.nodes_count).place(0).address
    for attempt in range(1, _PORT_TRIES + 1):
        port = spec.port or free_port(first)
        try:
            return _start_on(port, spec, folder, secret, tied=tied)
        except _PortTakenError as problem:
            if spec.port or attempt == _PORT_TRIES:
                raise SetupError(f"port {port} is taken on this machine ({problem}); choose another with --port") from None
    raise AssertionError  # the loop returns or raises


class _PortTakenError(Exception):
    """A worker found the port in use."""


def _start_on(port: int, spec: FleetSpec, folder: Path, secret: bytes, *, tied: bool) -> SimHandle:
    ranges = _ranges(spec)
    files = FleetFiles(folder)
    started: list[subprocess.Popen[bytes]] = []
    try:
        files.write(spec, port=port, secret=secret)
        files.write_text(_SPEC, json.dumps({"spec": spec.as_json(), "port": port}))
        started = [_spawn(folder, number, *span, tied=tied) for number, span in enumerate(ranges)]
        workers = _ready(started, folder)
        record = {"spec": spec.as_json(), "port": port, "workers": [one.facts() for one in workers], "ranges": ranges}
        files.write_text(_RECORD, json.dumps(record))
    except BaseException:
        _reap(started)
        _remove(folder, len(ranges))
        raise
    _children.update({process.pid: process for process in started})
    return _handle(folder, record)


def _spawn(folder: Path, number: int, first: int, last: int, *, tied: bool) -> subprocess.Popen[bytes]:
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


def _ready(started: list[subprocess.Popen[bytes]], folder: Path) -> list[ProcessIdentity]:
    """Wait for each worker's line; SetupError or _PortTakenError where one can't listen."""
    found, until = [], time.monotonic() + _READY_S
    for number, process in enumerate(started):
        assert process.stdout is not None  # noqa: S101  it was asked for
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        line = process.stdout.readline() if readable else b""
        process.stdout.close()
        facts = json.loads(line) if line else {"problem": f"see {folder / f'worker-{number}.log'}"}
        if facts.get("taken"):
            raise _PortTakenError(facts["problem"])
        identity = identity_of(facts.get("process", {}))
        if identity is None:
            raise SetupError(f"the simulated fleet did not start: {facts['problem']}{_last_words(folder, number)}")
        found.append(identity)
    return found


def _last_words(folder: Path, number: int) -> str:
    """Return the last line of a worker's log: the folder goes, and the log with it."""
    lines = (folder / f"worker-{number}.log").read_text(errors="backslashreplace").strip().splitlines()
    return f" ({lines[-1][:300]})" if lines else ""


def _ranges(spec: FleetSpec) -> list[tuple[int, int]]:
    useful = -(-spec.nodes_count // _NODES_PER_WORKER)
    count = min(spec.workers or min(os.cpu_count() or 1, useful), spec.nodes_count)
    edges = [spec.nodes_count * number // count for number in range(count + 1)]
    return list(zip(edges, edges[1:], strict=False))


def _handle(folder: Path, facts: dict[str, Any]) -> SimHandle:
    try:
        workers = [identity_of(one) for one in facts["workers"]]
        return SimHandle(
            folder=folder, spec=FleetSpec.from_json(facts["spec"]), port=int(facts["port"]),
            workers=tuple(one for one in workers if one), ranges=tuple((low, high) for low, high in facts["ranges"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as problem:
        raise SetupError(f"{folder / _RECORD} is not ours: {problem!r}; remove {folder}") from problem


def _refuse_second(known: SimHandle) -> None:
    if known.alive():
        raise RefusedError(
            f"a simulated fleet {known.spec.name!r} of {known.spec.nodes_count:,} nodes is up already; "
            f"`aifctl sim down {known.spec.name}` ends it, `--name` starts another"
        )


def _end(workers: tuple[ProcessIdentity, ...]) -> int:
    """End processes: TERM, a wait, KILL. Only those that are the very ones that were recorded."""
    alive = [worker for worker in workers if worker.is_alive()]
    for name, most_s in ((signal.SIGTERM, _END_S), (signal.SIGKILL, _END_S)):
        for worker in alive:
            _signal(worker, name)
        until = time.monotonic() + most_s
        while any(worker.is_alive() for worker in alive) and time.monotonic() < until:
            time.sleep(0.02)
    _reap([_children.pop(worker.pid) for worker in workers if worker.pid in _children])
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


def _reap(started: list[subprocess.Popen[bytes]]) -> None:
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


def _clear(handle: SimHandle) -> None:
    _remove(handle.folder, len(handle.ranges))


def _remove(folder: Path, workers_count: int) -> None:
    """Remove what this module and the workers wrote, and the folder where nothing else lies in it."""
    FleetFiles(folder).remove()
    ours = [_RECORD, _SPEC, *(name for number in range(workers_count) for name in _worker_files(number))]
    for name in ours:
        (folder / name).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:  # somebody put a file of theirs there, or it has gone already
        return


def _worker_files(number: int) -> tuple[str, str]:
    return socket_name(number), f"worker-{number}.log"


@contextmanager
def _locked(state: StateDir) -> Iterator[None]:
    """Let one `up` or `down` at a time change the simulated fleets of a state directory."""
    descriptor = os.open(state.folder("sim"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError("another `aifctl sim up` or `down` is under way here; wait for it") from None
    finally:
        os.close(descriptor)
