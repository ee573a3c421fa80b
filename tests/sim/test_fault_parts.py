"""What faults are made of: their arguments, and what they change in ports and in the PCI tree."""

from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.sim.fault_arguments import EVERY_GPU, GPU, MOUNT, RAIL, number
from aifctl.sim.probing.clocks import lose_source
from aifctl.sim.probing.pci_devices import devices_of, silence, tidy_bridges
from aifctl.sim.probing.ports import count, put_down
from aifctl.sim.probing.services import fail
from tests.sim.emulated import a_machine
from tests.sim.probed import told_by


def test_a_place_is_one_position_or_all() -> None:
    assert (GPU.parse("7"), RAIL.parse("0")) == ((7,), (0,))
    assert RAIL.parse("all") == tuple(range(8)) == EVERY_GPU.default
    assert (GPU.default, RAIL.default) == ((3,), (2,))


@pytest.mark.parametrize("text", ["8", "-1", "", "x", "1,2"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 0 to 7, or all"):
        GPU.parse(text)


@pytest.mark.parametrize("text", ["0", "6", "x", ""])
def test_a_number_stays_within_its_bounds(text: str) -> None:
    few = number("links", most=5)
    assert few.parse("5") == 5
    with pytest.raises(UsageError, match="write 1 to 5"):
        few.parse(text)


def test_a_port_without_a_link_tells_the_slowest_rate() -> None:
    port = {"state": "4: ACTIVE", "rate": "400 Gb/sec (4X NDR)", "c": {"link_downed": "2"}}
    put_down(port, "3: Disabled")
    count(port, "link_downed", 1)
    assert port == {
        "state": "1: DOWN", "phys": "3: Disabled", "lid": "0x0", "rate": "10 Gb/sec (4X SDR)", "c": {"link_downed": "3"},
    }  # fmt: skip


def test_a_silent_device_is_all_ones_and_one_that_is_not_there_stays_so() -> None:
    devices = {"a": {"speed": "x", "width": "16", "head": "00"}}
    silence(devices, "a")
    silence(devices, "b")
    assert devices == {"a": {"speed": "Unknown", "width": "63", "head": "f" * 8}}


def test_bridges_that_lead_to_nothing_go_and_the_others_stay() -> None:
    devices = devices_of(told_by(a_machine())["sections"]["pci"]["data"]["devices"])
    whole = set(devices)
    tidy_bridges(devices)
    assert set(devices) == whole
    gpu = next(address for address, device in devices.items() if device["class"].startswith("0x03"))
    bridge = devices.pop(gpu)["up"]
    tidy_bridges(devices)
    assert whole - set(devices) == {gpu, bridge}


def test_a_file_system_is_one_that_nodes_have() -> None:
    assert MOUNT.parse("/raid") == "/raid"
    with pytest.raises(UsageError, match="there are /, /raid"):
        MOUNT.parse("/data")


def test_a_clock_without_a_source_says_so_in_both_tools() -> None:
    clock = told_by(a_machine())["sections"]["clock"]["data"]
    before = dict(clock["timex"])
    lose_source(clock)
    assert clock["timex"]["status"] == before["status"] | 0x40
    assert clock["chrony"].startswith("7F7F0101,,0,")
    assert clock["chrony"].endswith(",Not synchronised")


def test_a_failed_service_is_failed_wherever_systemd_tells_of_it_and_no_other_is() -> None:
    units = told_by(a_machine())["sections"]["units"]["data"]
    active = units["show"].count("ActiveState=active")
    fail(units, "chrony.service")
    assert units["show"].count("ActiveState=active") == active - 1
    assert "Id=chrony.service\nNames=chrony.service\nLoadState=loaded\nActiveState=failed\n" in units["show"]
    assert units["failed"] == "chrony.service loaded failed failed chrony.service\n"
