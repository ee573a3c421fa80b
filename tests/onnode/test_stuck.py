"""What is remembered of processes that can't be ended: of this boot, in a folder that nobody else may write."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from aifctl.onnode.probe.stuck import Processes, Stuck, default_folder
from tests.onnode.probes import FakeProcesses


def test_it_is_remembered_until_it_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "shm"
    with subprocess.Popen(["sleep", "300"]) as sleeper:
        first = Stuck(str(folder), "boot-1")
        assert not folder.exists()
        first.remember("gpu", sleeper.pid)
        assert folder.stat().st_mode & 0o777 == 0o700
        again = Stuck(str(folder), "boot-1")
        assert again.pids() == first.pids() == [sleeper.pid]
        since_s = again.held["gpu"][0][1]
        assert abs(since_s - first.held["gpu"][0][1]) < 10
        sleeper.kill()
        sleeper.wait()
    assert Stuck(str(folder), "boot-1").pids() == []
    assert list(folder.iterdir()) == []


def test_a_zombie_and_another_process_of_the_same_number_are_gone(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Processes().start_of(child.pid) == ""
    processes = FakeProcesses(immortal={7: "100"})
    Stuck(str(tmp_path / "shm"), "boot-1", processes).remember("gpu", 7)
    processes.immortal[7] = "200"
    assert Stuck(str(tmp_path / "shm"), "boot-1", processes).pids() == []


def test_another_boot_s_are_forgotten(tmp_path: Path) -> None:
    processes = FakeProcesses(immortal={7: "100"})
    Stuck(str(tmp_path / "shm"), "boot-1", processes).remember("gpu", 7)
    assert Stuck(str(tmp_path / "shm"), "boot-2", processes).pids() == []
    assert list((tmp_path / "shm").iterdir()) == []


@pytest.mark.parametrize("name", ["stuck.", "stuck.a.b.c", "stuck.boot1.gpu.x.100", "stuck.boot1.gpu.9999999999.1"])
def test_files_of_other_names_are_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    (tmp_path / "probe-abc").write_text("kept")
    tmp_path.chmod(0o700)
    assert Stuck(str(tmp_path), "boot-1").pids() == []
    assert [path.name for path in tmp_path.iterdir()] == ["probe-abc"]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_is_neither_believed_nor_used(tmp_path: Path, mode: int) -> None:
    """Who could write there could have sections left out for ever."""
    folder, processes = tmp_path / "shm", FakeProcesses(immortal={7: "100", 8: "100"})
    Stuck(str(folder), "boot-1", processes).remember("gpu", 7)
    folder.chmod(mode)
    stuck = Stuck(str(folder), "boot-1", processes)
    assert stuck.pids() == []
    stuck.remember("units", 8)
    assert stuck.pids() == [8]
    assert len(list(folder.iterdir())) == 1


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "shm").symlink_to(tmp_path / "elsewhere")
    processes = FakeProcesses(immortal={7: "100"})
    Stuck(str(tmp_path / "shm"), "boot-1", processes).remember("gpu", 7)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_folder_is_this_user_s_own() -> None:
    assert default_folder().endswith(f"-{os.geteuid()}")


def test_members_of_a_group_are_found_in_proc() -> None:
    with subprocess.Popen(["sleep", "300"], process_group=0) as sleeper:
        processes = Processes()
        assert processes.in_group(sleeper.pid)
        assert processes.members_of(sleeper.pid) == [sleeper.pid]
        sleeper.kill()
        sleeper.wait()
        assert not processes.in_group(sleeper.pid)
