"""The sections of units, clock and disks: what they tell of a simulated node, of this machine, and where nothing answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.__main__ import load
from aifctl.onnode.probe.sections import clock, disks, units
from aifctl.onnode.probe.trouble import NotHere, Trouble
from aifctl.sim.hardware.host import HostHardware, write_host


def written(root: Path, hardware: HostHardware | None = None) -> Path:
    write_host(root, hardware or HostHardware.healthy())
    return root


def read(name: str, root: Path, **arguments: Any) -> Any:
    data = load(name).read(str(root), arguments)
    assert json.loads(json.dumps(data)) == data
    return data


def test_services_and_failed_units_come_as_systemctl_says_them(tmp_path: Path) -> None:
    hardware = HostHardware.healthy()
    hardware.kill_service()
    data = read("units", written(tmp_path, hardware))
    assert data["source"] == "systemctl"
    assert "Id=nvidia-fabricmanager.service\n" in data["show"]
    assert data["failed"].split()[0] == "nvidia-fabricmanager.service"


def test_a_node_without_systemd_has_no_units(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        units.read(str(tmp_path), {"services": ["ssh.service"]})


def test_units_are_names_and_never_options() -> None:
    assert [name for name in ("a.service", "-H", "", "x" * 300, 7) if units._is_name(name)] == ["a.service"]


def test_the_clock_comes_as_kernel_and_chrony_say_it(tmp_path: Path) -> None:
    data = read("clock", written(tmp_path))
    assert data["timex"] == {"state": 0, "status": 0x2000, "offset": 0, "max_error_us": 800}
    assert data["chrony"].endswith(",Normal")
    assert data["counter"] == "tsc"


def test_this_machines_kernel_tells_of_its_clock() -> None:
    data = clock.read("/", {})
    assert set(data["timex"]) in ({"state", "status", "offset", "max_error_us"}, {"!"})
    if "state" in data["timex"]:
        assert 0 <= data["timex"]["state"] <= 5
        assert data["timex"]["max_error_us"] >= 0
        assert 0 <= data["timex"]["status"] < 1 << 16


def test_a_root_that_is_no_machine_has_no_clock(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        clock.read(str(tmp_path), {})


def test_disks_come_with_the_log_that_nvme_ones_keep(tmp_path: Path) -> None:
    hardware = HostHardware.healthy(serial="X")
    hardware.kill_disk(4)
    data = read("disks", written(tmp_path, hardware))
    assert len(data["nvme"]) == 10
    first = data["nvme"]["nvme0"]
    assert (first["state"], first["serial"], first["sizes"]) == ("live", "SX00", ["3750748848"])
    assert len(first["log"]) == 384
    assert data["nvme"]["nvme4"]["state"] == "dead"
    assert "log" not in data["nvme"]["nvme4"]  # nobody asks the dead
    assert data["others"] == {}  # neither an array of others nor a loop


def test_the_disks_of_this_machine_are_those_of_its_kernel() -> None:
    data = disks.read("/", {})
    blocks = {path.name for path in Path("/sys/block").iterdir()}
    assert set(data["others"]) <= blocks
    assert all(one["size"].isdecimal() for one in data["others"].values())


def test_a_controller_that_is_none_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert disks._ask(str(tmp_path / "file")) == "!ENOTTY"
    assert disks._ask(str(tmp_path / "missing")) == "!ENOENT"
    root = tmp_path / "root"
    (root / "sys/class/nvme/nvme0").mkdir(parents=True)
    (root / "sys/class/nvme/nvme0/state").write_text("live\n")
    assert disks.read(str(root), {})["nvme"]["nvme0"]["log"] == {"!": "ENOENT"}  # no such device below this root


def test_without_sysfs_there_are_no_disks_to_tell_of(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="sysfs is not mounted"):
        disks.read(str(tmp_path), {})


@pytest.mark.parametrize("name", ["host", "mounts", "units", "clock", "disks"])
def test_each_has_a_limit_that_is_longer_than_what_it_waits_for(name: str) -> None:
    assert load(name).limit_s >= 5.0
