"""The node around its GPUs, simulated: each fault changes what the probe reads in its own place, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.__main__ import load
from aifctl.sim.hardware.host import HostHardware, write_host
from tests.sim.test_fabric_hardware import differences

Fault = Callable[[HostHardware], object]
NAMES = ("host", "mounts", "units", "clock", "disks")


def read(folder: Path, *faults: Fault) -> dict[str, Any]:
    hardware = HostHardware.healthy(hostname="n7", boot_id="b-1", serial="S7")
    for fault in faults:
        fault(hardware)
    folder.mkdir()
    write_host(folder, hardware)
    return {name: load(name).read(str(folder), {}) for name in NAMES}


def test_a_healthy_node_is_the_same_each_time(tmp_path: Path) -> None:
    assert read(tmp_path / "a") == read(tmp_path / "b")


@pytest.mark.parametrize(
    ("fault", "places"),
    [
        (lambda it: it.fill("/raid"), {"mounts"}),
        (lambda it: it.fill_inodes("/"), {"mounts"}),
        (lambda it: it.put_aside("/"), {"mounts"}),
        (lambda it: it.unmount("/raid"), {"mounts"}),
        (lambda it: it.hang("/home"), {"mounts"}),
        (lambda it: it.skew_clock(3.0), {"clock"}),
        (lambda it: it.lose_time_source(), {"clock"}),
        (lambda it: it.kill_service(), {"units"}),
        (lambda it: it.turn_swap_on(), {"host"}),
        (lambda it: it.lose_dimms(), {"host"}),
        (lambda it: it.wait_forever(), {"host"}),
        (lambda it: it.count_memory_errors(corrected=3, uncorrected=1), {"host"}),
        (lambda it: it.kill_disk(2), {"disks"}),
        (lambda it: it.wear_disk(2), {"disks"}),
        (lambda it: it.die_before(1_796_000_000.0), {"host"}),
        (lambda it: setattr(it, "serial", "S8"), {"host"}),
        (lambda it: setattr(it, "governor", "powersave"), {"host"}),
    ],
)
def test_a_fault_shows_in_its_own_section(fault: Fault, places: set[str], tmp_path: Path) -> None:
    well, sick = read(tmp_path / "well"), read(tmp_path / "sick", fault)
    assert {name for name in NAMES if well[name] != sick[name]} == places
    assert differences(well, sick) != {}


def test_two_dimms_less_are_seen_in_the_memory_as_well(tmp_path: Path) -> None:
    data = read(tmp_path / "a", lambda it: it.lose_dimms(2))["host"]
    assert sum(one["dimms"] for one in data["edac"].values()) == 30
    assert int(data["memory"]["MemTotal"].split()[0]) == 2113546000 - 2113546000 * 2 // 32
