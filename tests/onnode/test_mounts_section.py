"""The mounts section of the probe: which file systems it tells of, and what one that hangs does to the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.sections import mounts as section
from aifctl.onnode.probe.trouble import Trouble
from aifctl.sim.hardware.host import HostHardware, write_host
from tests.diagnosis.capture_cases import capture_under_another_name

_PROJECT = Path(__file__).parents[2]


def written(root: Path, hardware: HostHardware | None = None) -> Path:
    write_host(root, hardware or HostHardware.healthy())
    return root


def read(root: Path, **arguments: Any) -> dict[str, dict[str, Any]]:
    data = section.read(str(root), arguments)
    assert json.loads(json.dumps(data)) == data
    return {mount["at"]: mount for mount in data["mounts"]}


def with_mountinfo(root: Path, text: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(text)
    return root


def test_file_systems_are_told_with_their_room(tmp_path: Path) -> None:
    found = read(written(tmp_path))
    assert set(found) == {"/", "/raid", "/home", "/run"}  # no snap, which is always full
    assert found["/home"] == {
        "at": "/home", "type": "nfs4", "from": "nas1:/home", "ro": False, "st": "ok",
        "b": [200000000000000, 78000000000000, 78000000000000], "f": [100000000, 95000000, 95000000],
    }  # fmt: skip


def test_one_put_aside_after_an_error_is_read_only_though_it_was_mounted_rw(tmp_path: Path) -> None:
    hardware = HostHardware.healthy()
    hardware.put_aside("/raid")
    found = read(written(tmp_path, hardware))
    assert [at for at, one in found.items() if one["ro"]] == ["/raid"]


def test_each_device_is_told_once_and_what_is_asked_for_always(tmp_path: Path) -> None:
    lines = [
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
        "2 1 8:1 /var/lib /var/lib/kubelet/x rw - ext4 /dev/sda1 rw",
        "3 1 8:1 /home /home rw - ext4 /dev/sda1 rw",
        "4 1 0:9 / /dev/shm rw - tmpfs tmpfs rw",
        "5 1 0:8 / /with\\040blank rw - xfs /dev/sdb ro",
        "cut short",
        "",
    ]
    root = with_mountinfo(tmp_path, "\n".join(lines))
    assert list(read(root)) == ["/", "/with blank"]
    found = read(root, mounts=["/home", "/dev/shm", "/missing", 7])
    assert list(found) == ["/", "/home", "/dev/shm", "/with blank"]
    assert found["/with blank"]["ro"] is True
    assert found["/home"]["st"] == {"!": "ENOENT"}  # below this root there is none


def test_a_storm_of_mounts_is_cut(tmp_path: Path) -> None:
    lines = [f"{at} 1 9:{at} / /pods/{at} rw - xfs /dev/x rw" for at in range(5000)]
    assert len(read(with_mountinfo(tmp_path, "\n".join(lines)))) == 64


def test_a_file_that_stands_where_a_file_system_is_asked_for_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="mountinfo can't be read"):
        section.read(str(tmp_path), {})


@pytest.mark.captures
def test_a_container_on_a_real_node_tells_its_root_and_none_of_the_kernels_own(tmp_path: Path) -> None:
    text = capture_under_another_name("host/gpud.mountinfo.txt", tmp_path).read_text()
    found = read(with_mountinfo(tmp_path, text))
    assert (found["/"]["type"], found["/"]["from"], found["/"]["ro"]) == ("ext4", "/dev/mapper/vgroot-lvroot", False)
    assert {one["type"] for one in found.values()}.isdisjoint({"proc", "sysfs", "cgroup2", "devtmpfs", "overlay"})


def test_the_file_systems_of_this_machine_are_as_df_has_them() -> None:
    found = read(Path("/"))
    told = os.statvfs("/")
    assert found["/"]["st"] == "ok"
    assert found["/"]["b"][0] == told.f_blocks * told.f_frsize
    assert found["/"]["f"][0] == told.f_files


# A file system in user space whose program never says a word: whoever touches it waits for ever, as with a dead NFS server.
_HANG = """
import ctypes, json, os, sys, time
place, project = sys.argv[1:]
device = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"nobody", place.encode(), b"fuse.silent", 0, options):
    sys.exit("mount: errno %d" % ctypes.get_errno())
sys.path.insert(0, project)
from aifctl.onnode.probe.sections import mounts
mounts._PATIENCE_S = 0.5
begun_s = time.monotonic()
found = mounts.read("/", {})
print(json.dumps([found, time.monotonic() - begun_s]))
"""


def test_a_file_system_that_hangs_costs_its_own_answer_alone(tmp_path: Path) -> None:
    if os.geteuid() or not Path("/dev/fuse").exists():
        pytest.skip("needs root and /dev/fuse: a file system that really hangs")
    place = tmp_path / "hung"
    place.mkdir()
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", _HANG, str(place), str(_PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said, took_s = json.loads(done.stdout)
    found = {mount["at"]: mount["st"] for mount in said["mounts"]}
    assert found[str(place)] == "timeout"
    assert found["/"] == "ok"
    assert took_s < section.LIMIT_S
