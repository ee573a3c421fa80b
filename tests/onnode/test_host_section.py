"""The host section of the probe: what it reads of a simulated node, of this machine, and where files are not as they should be."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe import process_table, told_root
from aifctl.onnode.probe.sections import host as section
from aifctl.onnode.probe.trouble import Trouble
from aifctl.sim.hardware.host import HostHardware, write_host
from tests.onnode.pythons import OLDEST_PYTHON, PYTHONS

_AIFCTL = Path(__file__).parents[2] / "aifctl"


def written(root: Path, *faults: Callable[[HostHardware], object]) -> Path:
    hardware = HostHardware.healthy(hostname="n7", boot_id="b-1")
    for fault in faults:
        fault(hardware)
    write_host(root, hardware)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path)


def read(root: Path, **arguments: Any) -> Any:
    data = section.read(str(root), arguments)
    assert json.loads(json.dumps(data)) == data
    return data


def test_a_node_is_read_as_it_stands_in_its_files(root: Path) -> None:
    data = read(root)
    assert (data["source"], data["hostname"], data["boot_id"], data["kernel"]) == (
        "proc",
        "n7",
        "b-1",
        "5.15.0-1068-nvidia",
    )
    assert data["memory"] == {"MemTotal": "2113546000 kB", "MemAvailable": "1902191400 kB", "SwapTotal": "0 kB"}
    assert data["cpu"]["online"] == "0-223"
    assert data["cpu"]["packages"] == {"0": 112, "1": 112}
    assert data["cpu"]["governors"] == {"performance": 224}
    assert data["cpu"]["model"] == "Intel(R) Xeon(R) Platinum 8480C"
    assert data["limits"]["Max locked memory"].split()[0] == "unlimited"
    assert sum(one["dimms"] for one in data["edac"].values()) == 32
    assert data["dmi"]["product_serial"] == "SIM000000"
    assert data["modules"]["nvidia_peermem"] == "580.105.08"
    assert data["stuck"] == []


def test_modules_that_are_asked_for_are_looked_for_and_nothing_outside_is(root: Path) -> None:
    (root / "sys/module/lustre").mkdir()
    (root / "sys/version").write_text("no module's\n")
    found = read(root, modules=["lustre", "../..", "../../sys", 7, "nvme-core"])["modules"]
    assert found["lustre"] == ""
    assert {"../..", "nvme-core", "../../sys", "a/b"}.isdisjoint(found)


def test_a_process_counts_from_when_it_last_ran(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        lambda it: it.wait_forever(),
        lambda it: it.wait_forever(name="dd", wait="io_schedule", since_s=3.0),
        lambda it: it.wait_forever(name="defunct", state="Z", wait="0", since_s=900.0),
        lambda it: it.wait_forever(name="fine", state="S"),
    )
    assert read(root)["stuck"] == [
        [4000, "D", "python3", 4000.0, "nvidia_ioctl"],
        [4002, "Z", "defunct", 900.0, "0"],
    ]


def test_where_the_kernel_does_not_tell_a_process_is_looked_at_twice(tmp_path: Path) -> None:
    root = written(tmp_path, lambda it: it.wait_forever())
    (root / "proc/4000/sched").unlink()
    (root / "proc/4000/status").write_text("Name: x\nvoluntary_ctxt_switches:\t7\n")
    assert process_table.stuck(str(root), 864000.0) == [[4000, "D", "python3", None, "nvidia_ioctl"]]


def test_a_thread_of_the_kernels_own_stands_in_brackets(tmp_path: Path) -> None:
    root = written(tmp_path, lambda it: it.wait_forever(name="nv_queue", since_s=500.0))
    stat = root / "proc/4000/stat"
    stat.write_text(stat.read_text().replace(" D 1 ", " D 2 "))
    assert process_table.stuck(str(root), 864000.0)[0][2] == "[nv_queue]"


def test_a_name_may_hold_anything(tmp_path: Path) -> None:
    root = written(tmp_path, lambda it: it.wait_forever(name="a) R 1 (b\x1b[2J"))
    assert process_table.stuck(str(root), 864000.0)[0][1:3] == ["D", "a) R 1 (b\x1b[2J"]


@pytest.mark.parametrize("text", ["", "1 (x", "1 (x) ", "\xff\xfe"])
def test_a_line_that_is_cut_is_no_process_that_waits(text: str, tmp_path: Path) -> None:
    (tmp_path / "proc/12").mkdir(parents=True)
    (tmp_path / "proc/1").mkdir()
    (tmp_path / "proc/12/stat").write_text(text, encoding="latin-1")
    assert process_table.stuck(str(tmp_path), 100.0) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("sys/class/dmi/id/product_serial", ("dmi", "product_serial")),
        ("proc/meminfo", ("memory",)),
        ("proc/self/limits", ("limits",)),
        ("proc/cmdline", ("cmdline",)),
        ("etc/os-release", ("os",)),
        ("sys/devices/system/node/online", ("numa",)),
        ("sys/devices/system/edac/mc/mc0/ue_count", ("edac", "mc0", "ue")),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_its_own_place(path: str, place: tuple[str, ...], root: Path) -> None:
    (root / path).unlink()
    (root / path).mkdir()
    data = read(root)
    for name in place:
        data = data[name]
    assert data == {"!": "EISDIR"}


def test_processes_that_are_hidden_are_not_none(root: Path) -> None:
    shutil.rmtree(root / "proc/1")
    assert read(root)["stuck"] == {"!": "EACCES"}


def test_records_of_panics_come_with_their_time(tmp_path: Path) -> None:
    root = written(tmp_path, lambda it: it.die_before(1796000000.0))
    assert read(root)["panics"] == [["dmesg-erst-7340032001", 1796000000.0]]


def test_without_proc_there_is_nothing_to_say(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="/proc/uptime can't be read: ENOENT"):
        section.read(str(tmp_path), {})


def test_this_machine_is_read_as_it_is() -> None:
    data = read(Path("/"))
    assert data["kernel"] == platform.release()
    assert data["hostname"] == platform.node()
    assert data["root"] is (os.geteuid() == 0)
    online = len(os.sched_getaffinity(0))
    assert sum(data["cpu"]["packages"].values()) >= online
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert data["memory"]["MemTotal"] == f"{pages // 1024} kB"


def test_what_is_made_up_is_never_looked_for_on_a_real_root(tmp_path: Path) -> None:
    (tmp_path / told_root.NAME).write_text('{"root": true}')
    assert told_root.told(str(tmp_path)) == {"root": True}
    for real in ("/", "//", "/../"):
        assert told_root.told(real) is None
    for text in ("[1]", "{", "\xff"):
        (tmp_path / told_root.NAME).write_text(text, encoding="latin-1")
        assert told_root.told(str(tmp_path)) is None


def test_the_oldest_python_reads_the_same(root: Path) -> None:
    code = "import json,sys; sys.path.insert(0, sys.argv[1]); from probe.sections import host; print(json.dumps(host.read(sys.argv[2], {})))"
    command = [PYTHONS[OLDEST_PYTHON], "-I", "-S", "-c", code, str(_AIFCTL / "onnode"), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == read(root)


def test_a_node_of_ten_thousand_processes_is_read_within_its_limit(tmp_path: Path) -> None:
    root = written(tmp_path)
    for pid in range(2, 10_000):
        (root / f"proc/{pid}").symlink_to("1")
    begun_s = os.times().user + os.times().system
    assert read(root)["stuck"] == []
    assert os.times().user + os.times().system - begun_s < section.LIMIT_S / 2
