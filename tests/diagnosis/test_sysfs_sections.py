"""What the probe reads of sysfs, as sections of a reading: on simulated hardware, and on whatever a node may answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.natural_order import natural_order
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.sysfs_pci import parse_sysfs_pci
from aifctl.diagnosis.sysfs_ports import parse_sysfs_ports
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.sections.pci import COLUMNS
from tests.fuzzing import examples

PORT = {
    "state": "4: ACTIVE", "phys": "5: LinkUp", "rate": "400 Gb/sec (4X NDR)", "layer": "InfiniBand", "lid": "0x80",
    "sm": "0x1", "gid": "fe80:0000:0000:0000:a088:c203:00aa:bbcc", "c": {"symbol_error": "0", "link_downed": "3"},
}  # fmt: skip
HCA = {
    "type": "MT4129", "fw": "28.39.2048", "board": "MT_0000000838", "guid": "a088:c203:00aa:bbc0",
    "pci": "0000:18:00.0", "numa": "0", "net": ["ibp24s0"], "ports": {"1": PORT},
}  # fmt: skip
GPU = {
    "address": "0000:1b:00.0", "up": "0000:17:02.0", "vendor": "0x10de", "device": "0x2330", "class": "0x030200",
    "driver": "nvidia", "speed": "32.0 GT/s PCIe", "speed_max": "32.0 GT/s PCIe", "width": "16", "width_max": "16",
    "numa": "1", "fatal": "0", "nonfatal": "1", "correctable": "2", "head": "de103023", "acs": "",
}  # fmt: skip
GONE, DENIED, BROKEN = {"!": "ENOENT"}, {"!": "EACCES"}, {"!": "EIO"}


def port_of(**changed: Any) -> Port:
    device = HCA | {name: value for name, value in changed.items() if name in HCA}
    device["ports"] = changed.get(
        "ports", {"1": PORT | {name: value for name, value in changed.items() if name in PORT}}
    )
    (port,) = parse_sysfs_ports({"source": "sysfs", "devices": {"mlx5_0": device}}).ports
    return port


def device_of(**changed: str) -> PciDevice:
    (device,) = parse_sysfs_pci({"source": "sysfs", "devices": row_of(**changed)}).devices
    return device


def row_of(**changed: str) -> str:
    assert tuple(GPU) == COLUMNS
    return "|".join((GPU | changed).values())


def test_a_port_is_what_its_files_say() -> None:
    assert port_of() == Port(
        device="mlx5_0", number=1, state="active", physical_state="link-up", link_layer="infiniband",
        rate_gbits_s=400.0, lid=128, sm_lid=1, guid="a088c20300aabbcc", hca_type="MT4129", firmware_version="28.39.2048",
        psid="MT_0000000838", pci_address="0000:18:00.0", numa_node=0, netdev="ibp24s0",
        counters={"symbol_error": 0, "link_downed": 3},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"state": "1: DOWN"}, "state", "down"),
        ({"state": "5: ACTIVE_DEFER"}, "state", "active-defer"),
        ({"phys": "2: Polling"}, "physical_state", "polling"),
        ({"phys": "4: PortConfigurationTraining"}, "physical_state", "training"),
        ({"phys": "6: LinkErrorRecovery"}, "physical_state", "link-error-recovery"),
        ({"phys": "7: Phy Test"}, "physical_state", "phy-test"),
        ({"phys": GONE}, "physical_state", Absent.MISSING),
        ({"rate": "2.5 Gb/sec (1X SDR)"}, "rate_gbits_s", 2.5),
        ({"rate": "200 Gb/sec (2X NDR)"}, "rate_gbits_s", 200.0),
        ({"rate": DENIED}, "rate_gbits_s", Absent.DENIED),
        ({"rate": BROKEN}, "rate_gbits_s", Absent.ERROR),
        ({"rate": ""}, "rate_gbits_s", Absent.NOT_AVAILABLE),
        ({"rate": 400}, "rate_gbits_s", Absent.ERROR),
        ({"lid": "0xzz"}, "lid", Absent.ERROR),
        ({"gid": GONE}, "guid", "a088c20300aabbc0"),
        ({"layer": "Ethernet"}, "guid", "a088c20300aabbc0"),
        ({"gid": "0000:0000:0000:0000:0000:0000:0000:0000"}, "guid", "a088c20300aabbc0"),
        ({"gid": GONE, "guid": GONE}, "guid", Absent.MISSING),
        ({"numa": "-1"}, "numa_node", -1),
        ({"net": []}, "netdev", Absent.NOT_AVAILABLE),
        ({"net": ["a", "b"]}, "netdev", "a,b"),
        ({"c": {}}, "counters", Absent.MISSING),
        ({"c": {"symbol_error": BROKEN, "link_downed": "1"}}, "counters", Absent.ERROR),
        ({"c": {"symbol_error": DENIED}}, "counters", Absent.DENIED),
        ({"fw": "28\x1b[2J"}, "firmware_version", "28\\x1b[2J"),
    ],
)
def test_texts_become_values(changed: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(port_of(**changed), field) == expected


def test_a_device_without_a_port_that_can_be_read_is_a_port_of_which_nothing_is_known() -> None:
    port = port_of(ports=DENIED)
    assert (port.subject, port.state, port.counters, port.hca_type) == (
        "port:mlx5_0/1", Absent.MISSING, Absent.MISSING, "MT4129",
    )  # fmt: skip


def test_ports_come_in_natural_order() -> None:
    devices = dict.fromkeys(("mlx5_10", "mlx5_2", "mlx5_bond_0", "bnxt_re0"), HCA)
    assert [port.device for port in parse_sysfs_ports({"devices": devices}).ports] == [
        "bnxt_re0", "mlx5_2", "mlx5_10", "mlx5_bond_0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [["mlx5_2", "mlx5_10"], ["", "a"], ["a1b2", "a1b10"], ["x", "9", "10"], ["mlx5_9", "mlx5_bond_0"], ["1", "1a", "\u0663"]],
)  # fmt: skip
def test_natural_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=natural_order) == names


def test_a_gpu_is_what_its_files_say() -> None:
    assert device_of() == PciDevice(
        address="0000:1b:00.0", device_id="10de:2330", pci_class="030200", driver="nvidia", upstream="0000:17:02.0",
        numa_node=1, link_speed_gt_s=32.0, link_speed_max_gt_s=32.0, link_width=16, link_width_max=16,
        acs_source_validation=Absent.NOT_AVAILABLE, revision_ff=False, aer_fatal_count=0, aer_nonfatal_count=1,
        aer_correctable_count=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"speed": "2.5 GT/s PCIe"}, "link_speed_gt_s", 2.5),
        ({"speed": "8 GT/s"}, "link_speed_gt_s", 8.0),
        ({"speed": "Unknown"}, "link_speed_gt_s", Absent.NOT_AVAILABLE),
        ({"speed": "Unknown speed"}, "link_speed_gt_s", Absent.NOT_AVAILABLE),
        ({"speed": "!ENOENT"}, "link_speed_gt_s", Absent.NOT_AVAILABLE),
        ({"speed": "!EACCES"}, "link_speed_gt_s", Absent.DENIED),
        ({"speed": "!EIO"}, "link_speed_gt_s", Absent.ERROR),
        ({"width": "63"}, "link_width", Absent.NOT_AVAILABLE),
        ({"width": "0"}, "link_width", Absent.NOT_AVAILABLE),
        ({"width": "wide"}, "link_width", Absent.ERROR),
        ({"head": "f" * 8}, "revision_ff", True),
        ({"head": ""}, "revision_ff", Absent.MISSING),
        ({"head": "!EIO"}, "revision_ff", Absent.ERROR),
        ({"head": "xyz"}, "revision_ff", Absent.ERROR),
        ({"acs": "0001"}, "acs_source_validation", True),
        ({"acs": "001e"}, "acs_source_validation", False),
        ({"acs": "!EACCES"}, "acs_source_validation", Absent.DENIED),
        ({"acs": "!ELOOP"}, "acs_source_validation", Absent.ERROR),
        ({"up": ""}, "upstream", ""),
        ({"up": "/etc"}, "upstream", Absent.ERROR),
        ({"driver": ""}, "driver", Absent.NOT_AVAILABLE),
        ({"device": "!EIO"}, "device_id", Absent.ERROR),
        ({"class": "!ENOENT"}, "pci_class", Absent.MISSING),
        ({"class": "!"}, "pci_class", Absent.ERROR),
        ({"fatal": "!ENOENT"}, "aer_fatal_count", Absent.NOT_AVAILABLE),
        ({"fatal": "many"}, "aer_fatal_count", Absent.ERROR),
        ({"driver": "nv\x1b[2J"}, "driver", "nv\\x1b[2J"),
    ],
)
def test_texts_of_a_device_become_values(changed: dict[str, str], field: str, expected: object) -> None:
    assert getattr(device_of(**changed), field) == expected


@pytest.mark.parametrize("data", [None, [], {}, {"devices": None}, {"devices": {"x": 1}}, {"devices": {str(at): {} for at in range(9999)}}, {"devices": ";"}, {"devices": "0000:1b:00.0|x"}, {"devices": row_of(address="1b:00.0")}, {"devices": row_of() + "|"}, {"devices": ";" * 9999}])  # fmt: skip
def test_what_is_no_section_is_unreadable(data: object) -> None:
    for parse in (parse_sysfs_ports, parse_sysfs_pci):
        with pytest.raises(UnreadableError):
            parse(data)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(GONE)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OF_PORT = st.fixed_dictionaries({}, optional=dict.fromkeys(PORT, _JSON))
_OF_HCA = st.fixed_dictionaries({"ports": st.dictionaries(st.sampled_from("12x"), _OF_PORT | _JSON)}, optional=dict.fromkeys([name for name in HCA if name != "ports"], _JSON))  # fmt: skip
_ROW = st.lists(st.sampled_from(["", "!", "!EIO", *GPU.values()]) | st.text(max_size=8), min_size=15, max_size=16).map(lambda cells: "|".join(["0000:1b:00.0", *cells]))  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(
    ports=st.dictionaries(st.text(max_size=9), _OF_HCA | _JSON, max_size=3) | _JSON,
    devices=st.lists(_ROW, max_size=3).map(";".join) | st.text() | _JSON,
)  # fmt: skip
def test_whatever_a_node_answers_raises_nothing_but_that_it_is_unreadable(ports: Any, devices: Any) -> None:
    for parse, found in ((parse_sysfs_ports, ports), (parse_sysfs_pci, devices)):
        try:
            section = parse({"devices": found})
        except UnreadableError:
            continue
        assert section.source == "sysfs"


def test_what_looks_alike_and_is_not_is_read_as_what_it_is() -> None:
    for numa, expected in (("1", 1), (1, Absent.ERROR), (True, Absent.ERROR), ("1", 1), (None, Absent.MISSING)):
        port = port_of(numa=numa)
        assert (port.numa_node, type(port.numa_node)) == (expected, type(expected))


def test_more_kinds_of_devices_than_are_remembered_are_read_all_the_same() -> None:
    read = [parse_sysfs_pci({"devices": row_of(numa=str(number))}).devices[0].numa_node for number in range(5000)]
    assert read == list(range(5000))


def test_nodes_that_tell_the_same_of_their_devices_share_them_and_others_share_those_that_are_alike() -> None:
    other = row_of(address="0000:1c:00.0")
    first, again, changed = (
        parse_sysfs_pci({"devices": f"{row_of()};{row}"})
        for row in (other, other, row_of(address="0000:1c:00.0", fatal="1"))
    )
    assert again is first
    assert changed.devices[0] is first.devices[0]
    assert changed.devices[1] == replace(first.devices[1], aer_fatal_count=1)


_SAID = st.one_of(
    st.integers(), st.text(max_size=8), st.sampled_from([GONE, DENIED, {}, {"a": "1"}, {"a": "-1", "b": ""}, []])
)


@given(st.dictionaries(st.sampled_from(sorted(PORT)), _SAID, max_size=3), st.integers(0, 10**9))
def test_a_port_that_is_like_others_but_for_one_thing_is_read_as_if_there_were_no_others(
    changed: dict[str, Any], number: int
) -> None:
    port_of()
    never_seen = port_of(**changed, type=f"MT{number}")
    assert replace(never_seen, hca_type="MT4129") == port_of(**changed)
