from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.packing import pack, unpack
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.readings import READINGS, some_reading

GPU = Gpu(pci_address="0000:1b:00.0", serial="1650123456789", temperature_c=31, remap_pending=False)
PORT = Port(device="mlx5_0", counters={"symbol_error": 3, "link_downed": 0})


@given(READINGS)
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_back_as_it_was(reading: Reading) -> None:
    packed = pack(reading)
    assert unpack(packed.facts, packed.moving, node="n1") == reading


def test_a_number_that_moves_changes_no_fact() -> None:
    before = pack(some_reading(gpus=(GPU,), ports=(PORT,)))
    warmer = replace(GPU, temperature_c=45, power_w=301.25, pcie_replay_count=9)
    after = pack(
        some_reading(
            at_s=2000.0, gpus=(warmer,), ports=(replace(PORT, counters={"symbol_error": 9, "link_downed": 1}),)
        )
    )
    assert (before.facts, before.digest) == (after.facts, after.digest)
    assert before.moving != after.moving


@pytest.mark.parametrize(
    "changed", [{"serial": "1650999999999"}, {"remap_pending": True}, {"remap_pending": Absent.MISSING}, {"lost": True}]
)
def test_a_fact_that_changes_changes_the_digest(changed: dict[str, object]) -> None:
    assert pack(some_reading(gpus=(GPU,))).digest != pack(some_reading(gpus=(replace(GPU, **changed),))).digest  # type: ignore[arg-type]


def test_a_counter_that_appears_is_a_fact() -> None:
    more = replace(PORT, counters={"symbol_error": 3, "link_downed": 0, "port_rcv_errors": 0})
    assert pack(some_reading(ports=(PORT,))).digest != pack(some_reading(ports=(more,))).digest


def test_a_field_that_a_later_version_added_or_dropped_harms_nobody() -> None:
    packed = pack(some_reading(gpus=(GPU,)))
    facts = json.loads(packed.facts)
    rows = facts["gpu"]["r"][0][facts["gpu"]["f"].index("gpus")]
    rows["f"][rows["f"].index("vbios_version")] = "a_field_of_another_version"
    gpu = unpack(json.dumps(facts).encode(), packed.moving).gpu
    assert gpu is not None
    assert gpu.gpus[0].vbios_version is Absent.MISSING
    assert gpu.gpus[0].serial == GPU.serial


def test_the_numbers_of_a_healthy_node_are_a_few_hundred_bytes() -> None:
    gpus = tuple(
        replace(GPU, pci_address=f"0000:{bus:02x}:00.0", temperature_c=30 + bus % 5, margin_c=55, power_w=70.5 + bus,
                pcie_replay_count=100 + bus, throttle_reasons=1, sm_clock_mhz=345, nvlink_crc_count=0)
        for bus in range(8)
    )  # fmt: skip
    ports = tuple(
        Port(device=f"mlx5_{number}", counters=dict.fromkeys((f"counter_{which}" for which in range(25)), 0))
        for number in range(8)
    )
    assert len(zlib.compress(pack(some_reading(gpus=gpus, ports=ports)).moving)) < 400


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_garbage_is_unreadable_and_nothing_else(facts: bytes, moving: bytes) -> None:
    with pytest.raises(UnreadableError):
        unpack(facts, moving)


def test_numbers_that_are_too_few_are_unreadable() -> None:
    packed = pack(some_reading(gpus=(GPU,)))
    short = json.dumps(json.loads(packed.moving)[:-8]).encode()
    with pytest.raises(UnreadableError, match="n7"):
        unpack(packed.facts, short, node="n7")


def test_devices_that_nodes_share_are_packed_for_each_of_them_alike() -> None:
    shared = PciDevice(address="0000:1b:00.0", numa_node=0, aer_fatal_count=0)
    other = replace(shared, aer_fatal_count=3)
    section = PciSection(source="sysfs", devices=(shared, other))
    first, second = (pack(Reading(at_s=at_s, pci=section)) for at_s in (1.0, 2.0))
    assert first.facts == second.facts
    for packed in (first, second):
        assert unpack(packed.facts, packed.moving).pci == section


def test_no_links_and_no_devices_are_not_taken_for_one_another() -> None:
    both = some_reading(gpus=(replace(GPU, nvlinks=()),), devices=())
    for reading in (both, replace(both, pci=None), both, replace(both, gpu=None)):
        packed = pack(reading)
        assert unpack(packed.facts, packed.moving, node=reading.node) == reading
        rows = json.loads(packed.facts)
        assert "pci" not in rows or "upstream" in json.dumps(rows["pci"])


def test_what_nodes_have_in_common_and_what_is_their_own_come_back_as_each_has_it() -> None:
    for lid, guid, serial in ((1, "aa", "1650123456789"), (2, "bb", "missing"), (3, Absent.MISSING, Absent.DENIED)):
        reading = some_reading(gpus=(replace(GPU, serial=serial),), ports=(replace(PORT, lid=lid, guid=guid),))
        packed = pack(reading)
        assert unpack(packed.facts, packed.moving, node=reading.node) == reading


def test_facts_that_look_alike_are_packed_as_what_they_are() -> None:
    """A word is no reason for an absence, and 1 is neither 1.0 nor true, whichever was packed first."""
    for name in (Absent.MISSING, "missing", Absent.ERROR, "error"):
        for rate in (1.0, 1, True):
            port = replace(PORT, netdev=name, rate_gbits_s=rate)
            packed = pack(some_reading(ports=(port,)))
            found = unpack(packed.facts, packed.moving).port
            assert found is not None
            assert [(type(one.netdev), one.netdev) for one in found.ports] == [(type(name), name)]
            assert [type(one.rate_gbits_s) for one in found.ports] == [type(rate)]


def test_facts_are_the_same_bytes_whether_or_not_the_like_was_packed_before() -> None:
    def port(at: int) -> Port:
        return Port(
            device=f"mlx5_{at}", rate_gbits_s=float(at), firmware_version=f"28.39.{at}", counters={"b": 1, "a": 2}
        )

    first = [pack(some_reading(ports=(port(at),))).digest for at in range(3000)]
    again = [pack(some_reading(ports=(port(at),))).digest for at in range(3000)]
    assert first == again
    assert len(set(first)) == 3000


def test_moving_maps_are_packed_in_order_of_their_names() -> None:
    there, back = (
        pack(some_reading(ports=(replace(PORT, counters=dict(pairs)),)))
        for pairs in ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)])
    )
    assert (there.facts, there.moving) == (back.facts, back.moving)
