"""A simulated fleet as processes: started, found again, asked, ended by recorded identity."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import resource
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import BackendError, BusyError, RefusedError, SetupError, UsageError
from aifctl.core.process import ProcessIdentity, identity_of
from aifctl.core.state_dir import StateDir
from aifctl.sim import credentials
from aifctl.sim.children import PortTakenError, end, reap, remember, spawn, wait_ready
from aifctl.sim.control import ask, socket_name
from aifctl.sim.fault import parse_planting
from aifctl.sim.files import FleetFiles
from aifctl.sim.free_port import free_port
from aifctl.sim.layout import Layout
from aifctl.sim.spec import FleetSpec
from aifctl.sim.targets import resolve_targets

_NODES_PER_WORKER = 250
#: A listener, and a connection now and then; and what a worker has open besides.
_FILES_PER_NODE, _OWN_FILES = 2, 256
_PORT_TRIES = 5
_RECORD, _SPEC = "fleet.json", "spec.json"


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
        spec: what to start.
        state: its folder is STATE_DIR/sim/NAME.
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
        ended = end(handle.workers)
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
        except PortTakenError as problem:
            if spec.port or attempt == _PORT_TRIES:
                raise SetupError(
                    f"port {port} is taken on this machine ({problem}); choose another with --port"
                ) from None
    raise AssertionError  # the loop returns or raises


def _start_on(port: int, spec: FleetSpec, folder: Path, secret: bytes, *, tied: bool) -> SimHandle:
    ranges = _ranges(spec)
    files = FleetFiles(folder)
    started: list[subprocess.Popen[bytes]] = []
    try:
        files.write(spec, port=port, secret=secret)
        files.write_text(_SPEC, json.dumps({"spec": spec.as_json(), "port": port}))
        started = [spawn(folder, number, *span, tied=tied) for number, span in enumerate(ranges)]
        workers = wait_ready(started, folder)
        record = {"spec": spec.as_json(), "port": port, "workers": [one.facts() for one in workers], "ranges": ranges}
        files.write_text(_RECORD, json.dumps(record))
    except BaseException:
        reap(started)
        _remove(folder, len(ranges))
        raise
    remember(started)
    return _handle(folder, record)


def _ranges(spec: FleetSpec) -> list[tuple[int, int]]:
    """Return the indices of each worker: one worker a core, more where a process may open too few files."""
    useful = -(-spec.nodes_count // _NODES_PER_WORKER)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = -(-spec.nodes_count * _FILES_PER_NODE // max(1, hard - _OWN_FILES)) if hard > 0 else 1
    count = min(spec.workers or max(needed, min(os.cpu_count() or 1, useful)), spec.nodes_count)
    edges = [spec.nodes_count * number // count for number in range(count + 1)]
    return list(itertools.pairwise(edges))


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
