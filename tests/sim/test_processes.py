"""A fleet as processes: started, found again, ended; nothing left of it, whatever happens to whom."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.errors import BackendError, BusyError, RefusedError, SetupError, UsageError
from aifctl.core.process import ProcessIdentity, identity_of
from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.files import FleetFiles
from aifctl.sim.layout import Layout
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec

pytestmark = pytest.mark.ssh


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    """Give a state directory, and end whatever still runs from it."""
    made = StateDir(path=tmp_path / "state")
    yield made
    for name in processes.names(made):
        handle = processes.find(made, name)
        if handle:
            processes.down(handle, made)


def banner(handle: SimHandle, index: int) -> bytes:
    with socket.create_connection(
        (Layout(handle.spec.nodes_count).place(index).address, handle.port), timeout=5
    ) as sock:
        return sock.makefile("rb").readline()


def wait_gone(workers: tuple[ProcessIdentity, ...]) -> bool:
    """Wait for processes to end; a deadline is a failure, not a measurement."""
    until = time.monotonic() + 20
    while any(worker.is_alive() for worker in workers):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_a_fleet_of_several_processes_listens_is_found_again_and_leaves_nothing(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=500, workers=2), state)
    assert processes.find(state, "demo") == handle
    assert handle.ranges == ((0, 250), (250, 500))
    assert all(banner(handle, index).startswith(b"SSH-2.0-") for index in (0, 249, 250, 499))
    counts = [answer["counts"] for answer in processes.tell(handle, {"verb": "status"})]
    assert [one["nodes"] for one in counts] == [250, 250]
    assert processes.down(handle, state) == 2
    assert not handle.folder.exists()
    assert wait_gone(handle.workers)
    assert processes.names(state) == []


def test_a_second_fleet_of_the_same_name_is_refused_and_the_first_lives_on(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=2), state)
    with pytest.raises(RefusedError, match="is up already; `aifctl sim down demo` ends it"):
        processes.up(FleetSpec(nodes_count=2), state)
    assert banner(handle, 1).startswith(b"SSH-2.0-")


def test_two_fleets_of_different_names_stand_side_by_side(state: StateDir) -> None:
    handles = [processes.up(FleetSpec(nodes_count=2, name=name), state) for name in ("one", "two")]
    assert handles[0].port != handles[1].port
    assert processes.names(state) == ["one", "two"]
    with pytest.raises(UsageError, match="there are one, two; name one"):
        processes.only_name(state)


def test_what_is_left_of_a_fleet_that_died_does_not_stand_in_the_way(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=2), state)
    os.kill(handle.workers[0].pid, signal.SIGKILL)
    assert wait_gone(handle.workers)
    with pytest.raises(BackendError, match="`aifctl sim down demo` clears up"):
        processes.tell(handle, {"verb": "status"})
    again = processes.up(FleetSpec(nodes_count=3), state)
    assert banner(again, 2).startswith(b"SSH-2.0-")


def test_a_process_that_has_the_number_of_a_dead_worker_is_not_touched(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=2), state)
    processes.down(handle, state)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = handle.workers[0].facts() | {"pid": stranger.pid}
    folder = state.folder("sim", "demo")
    facts = {"spec": handle.spec.as_json(), "port": handle.port, "workers": [record], "ranges": [[0, 2]]}
    (folder / "fleet.json").write_text(json.dumps(facts))
    forged = processes.require(state, None)
    assert forged.alive() == []
    assert processes.down(forged, state) == 0
    assert stranger.poll() is None
    stranger.communicate(b"\n")
    assert stranger.returncode == 0


def test_a_port_that_is_taken_is_said_and_nothing_stays_behind(state: StateDir) -> None:
    with socket.socket() as taken:
        taken.bind((Layout(8).place(5).address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} is taken"):
            processes.up(FleetSpec(nodes_count=8, port=port), state)
    assert list((state.path / "sim").iterdir()) == []


def test_a_fault_that_cannot_be_is_refused_before_anything_starts(state: StateDir) -> None:
    with pytest.raises(UsageError, match="has no node 'r009n01'"):
        processes.up(FleetSpec(nodes_count=4, faults=("dead@r009n01",)), state)
    assert not (state.path / "sim").exists()


def test_one_up_at_a_time(state: StateDir) -> None:
    descriptor = os.open(state.folder("sim"), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            processes.up(FleetSpec(nodes_count=1), state)
    finally:
        os.close(descriptor)


def test_a_record_that_is_not_ours_is_named(state: StateDir) -> None:
    folder = state.folder("sim", "demo")
    (folder / "fleet.json").write_text('{"spec": 1}')
    with pytest.raises(SetupError, match="is not ours"):
        processes.find(state, "demo")
    (folder / "fleet.json").unlink()


def test_files_that_somebody_put_into_the_folder_are_left_there(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=1), state)
    (handle.folder / "notes.txt").write_text("mine")
    processes.down(handle, state)
    assert [path.name for path in handle.folder.iterdir()] == ["notes.txt"]


def test_a_very_long_state_directory_is_no_obstacle_to_the_control_socket(tmp_path: Path) -> None:
    state = StateDir(path=tmp_path.joinpath(*["deep" * 10] * 4))
    handle = processes.up(FleetSpec(nodes_count=1), state)
    try:
        assert processes.tell(handle, {"verb": "plant", "text": "hang"}) == [{"nodes": ["r001n01"]}]
    finally:
        processes.down(handle, state)


def test_a_request_that_is_no_request_is_refused_and_the_fleet_lives_on(state: StateDir) -> None:
    handle = processes.up(FleetSpec(nodes_count=1), state)
    with pytest.raises(UsageError, match="no such request"):
        processes.tell(handle, {"verb": "explode"})
    with pytest.raises(UsageError, match="can have the fault"):
        processes.tell(handle, {"verb": "plant", "text": "nonsense"})
    assert banner(handle, 0).startswith(b"SSH-2.0-")


_STARTER = """
import sys, time
from pathlib import Path
from aifctl.core.state_dir import StateDir
from aifctl.sim import processes
from aifctl.sim.spec import FleetSpec
handle = processes.up(FleetSpec(nodes_count=4), StateDir(path=Path(sys.argv[1])), tied=sys.argv[2] == "tied")
print(*[worker.pid for worker in handle.workers], flush=True)
time.sleep(600)
"""


def _started_by_another(state: StateDir, how: str) -> tuple[subprocess.Popen[str], SimHandle]:
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(state.path), how], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline()
    return starter, processes.require(state, None)


def test_a_tied_fleet_ends_when_its_starter_is_killed(state: StateDir) -> None:
    starter, handle = _started_by_another(state, "tied")
    with starter:
        starter.kill()
    assert wait_gone(handle.workers)


def test_a_fleet_that_is_not_tied_outlives_its_starter_and_is_ended_by_another(state: StateDir) -> None:
    starter, handle = _started_by_another(state, "free")
    with starter:
        starter.kill()
    assert banner(handle, 3).startswith(b"SSH-2.0-")
    assert processes.down(handle, state) == 1
    assert wait_gone(handle.workers)


def test_a_worker_says_who_it_is_on_its_first_line(tmp_path: Path) -> None:
    spec = FleetSpec(nodes_count=1)
    FleetFiles(tmp_path).write(spec, port=0, secret=bytes(32))
    (tmp_path / "spec.json").write_text(json.dumps({"spec": spec.as_json(), "port": 0}))
    argv = [sys.executable, "-m", "aifctl.sim.worker", str(tmp_path), "0", "0", "1", "--tied"]
    worker = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    identity = identity_of(json.loads(worker.stdout.readline())["process"])
    assert identity is not None
    assert identity.pid == worker.pid
    worker.communicate()
    assert worker.returncode == 0


@pytest.mark.scale
@pytest.mark.timeout(120)
def test_six_thousand_nodes_start_within_the_memory_that_a_laptop_has(state: StateDir) -> None:
    begun = time.monotonic()
    handle = processes.up(FleetSpec(nodes_count=6250), state)
    started_s = time.monotonic() - begun
    pss_bytes = sum(_pss_bytes(worker.pid) for worker in handle.workers)
    print(f"6,250 nodes: started in {started_s:.1f} s (budget 20 s), {pss_bytes >> 20} MiB PSS (budget 1.5 GB)")  # noqa: T201  a measurement, for whoever reads soak's log
    assert pss_bytes < 1_500_000_000
    assert sum(answer["counts"]["nodes"] for answer in processes.tell(handle, {"verb": "status"})) == 6250
    assert banner(handle, 6249).startswith(b"SSH-2.0-")


def _pss_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
