from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.lasting_events import further_count
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.memory_text import parse_memory, render_memory
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.remembering import remember
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.readings import READINGS, some_reading

GPU = Gpu(pci_address="0000:1b:00.0", serial="165", pcie_replay_count=100)
PORT = Port(device="mlx5_0", guid="0c42a10300aa0001", counters={"link_downed": 2, "port_xmit_wait": 5})


def grown(gpu: Gpu) -> Gpu:
    return replace(gpu, pcie_replay_count=130)


def test_the_first_look_has_no_growth_however_large_the_counter() -> None:
    memory = remember(Memory(), some_reading(gpus=(GPU,)))
    assert memory.growths == {}
    assert memory.counters["165"]["pcie_replay_count"] == 100


def test_growth_is_what_came_since_the_last_look_and_its_rate_is_over_that_time() -> None:
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,)))
    second = remember(first, some_reading(at_s=1600, gpus=(grown(GPU),)))
    assert second.grown("165", "pcie_replay_count", within_s=3600, now_s=1600) == 30
    assert second.rate_per_s("165", "pcie_replay_count", at_s=1600) == 30 / 600


def test_growth_is_forgotten_after_a_day() -> None:
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,)))
    second = remember(first, some_reading(at_s=1600, gpus=(grown(GPU),)))
    later = remember(second, some_reading(at_s=1600 + 24 * 3600 + 1, gpus=(grown(GPU),)))
    assert later.growths == {}


@pytest.mark.parametrize(
    "then",
    [
        some_reading(at_s=1600, boot_id="another", gpus=(grown(GPU),)),
        some_reading(at_s=1600, gpus=(replace(grown(GPU), serial="166"),)),
        some_reading(at_s=1600, gpus=(grown(GPU),), events=(KernelEvent(kind="driver-load", monotonic_s=9000.0),)),
        some_reading(at_s=1600, gpus=(replace(GPU, pcie_replay_count=40),)),
    ],
    ids=["another boot", "another GPU in the same slot", "the driver was loaded anew", "the counter was reset"],
)
def test_a_counter_that_begins_anew_has_not_grown(then: object) -> None:
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,)))
    assert remember(first, then).growths == {}  # type: ignore[arg-type]


def test_after_a_reset_the_counter_grows_from_there() -> None:
    memory = Memory()
    for at_s, count in ((1000, 100), (1600, 4), (2200, 6)):
        memory = remember(memory, some_reading(at_s=at_s, gpus=(replace(GPU, pcie_replay_count=count),)))
    assert memory.grown("165", "pcie_replay_count", within_s=3600, now_s=2200) == 2


def test_a_gpu_that_moved_to_another_slot_takes_its_counters_along() -> None:
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,)))
    moved = replace(grown(GPU), pci_address="0000:43:00.0")
    assert remember(first, some_reading(at_s=1600, gpus=(moved,))).grown(
        "165", "pcie_replay_count", within_s=3600, now_s=1600
    )


def test_a_look_that_could_not_see_a_part_keeps_what_was_known() -> None:
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,), ports=(PORT,)))
    blind = remember(first, replace(some_reading(at_s=1300), gpu=None, port=None, kernel=None, host=None))
    third = remember(blind, some_reading(at_s=1600, gpus=(grown(GPU),), ports=(PORT,)))
    assert third.grown("165", "pcie_replay_count", within_s=3600, now_s=1600) == 30


def test_ports_devices_and_memory_controllers_are_remembered_but_traffic_is_not() -> None:
    device = PciDevice(address="0000:1a:00.0", aer_fatal_count=1)
    memory = remember(Memory(), some_reading(ports=(PORT,), devices=(device,), edac={"uncorrected": 0}))
    assert memory.counters == {
        "0c42a10300aa0001": {"link_downed": 2},
        "0000:1a:00.0": {"aer_fatal_count": 1},
        "node": {"edac_uncorrected": 0},
    }


def test_events_stay_until_the_next_boot() -> None:
    xid = KernelEvent(kind="xid", number=79, pci_address="0000:1b:00.0", monotonic_s=5.0)
    noise = KernelEvent(kind="segfault", monotonic_s=6.0)
    first = remember(Memory(), some_reading(events=(xid, noise), cursor="b:7"))
    second = remember(first, some_reading(at_s=1600, cursor="b:7"))
    assert second.events == (xid,)
    assert second.cursor == "b:7"
    assert remember(second, some_reading(at_s=2200, boot_id="another")).events == ()


def test_a_storm_is_its_first_lines_its_last_and_a_count() -> None:
    storm = tuple(
        KernelEvent(kind="xid", number=13, pci_address="0000:1b:00.0", monotonic_s=float(second))
        for second in range(629)
    )
    events = remember(Memory(), some_reading(events=storm)).events
    assert len(events) == 20
    assert events[-1].monotonic_s == 628.0
    assert events[0].monotonic_s == 0.0
    assert sum(map(further_count, events)) == 609


def test_a_storm_of_one_link_leaves_another_links_error_as_it_was() -> None:
    storm = tuple(
        KernelEvent(kind="xid", number=74, pci_address="0000:1b:00.0", monotonic_s=float(at), facts={"link": 3})
        for at in range(100)
    )
    alone = replace(storm[50], facts={"link": 5}, monotonic_s=50.5)
    kept = remember(Memory(), some_reading(events=(*storm[:50], alone, *storm[50:]))).events
    assert [further_count(event) for event in kept if event.facts["link"] == 5] == [0]


def test_many_kinds_of_events_stay_bounded_and_what_is_a_fault_is_not_pushed_out() -> None:
    many = tuple(KernelEvent(kind="xid", number=number, monotonic_s=float(number)) for number in range(500))
    events = remember(Memory(), some_reading(events=many)).events
    assert len(events) == 200
    assert {79, 48, 64, 119, 499} <= {event.number for event in events}


def test_the_boot_time_follows_from_the_uptime_where_it_was_told() -> None:
    assert remember(Memory(), some_reading(at_s=1000, uptime_s=400)).booted_at_s == 600
    assert remember(Memory(), some_reading(at_s=1000, uptime_s=Absent.MISSING)).booted_at_s is None


def test_a_memory_is_text_and_comes_back() -> None:
    xid = KernelEvent(kind="xid", number=79, pci_address="0000:1b:00.0", at_s=5.0, facts={"pid": 7})
    first = remember(Memory(), some_reading(at_s=1000, gpus=(GPU,), events=(xid,), cursor="b:7"))
    memory = remember(first, some_reading(at_s=1600, gpus=(grown(GPU),)))
    back = parse_memory(render_memory(memory), seen_at_s=1600)
    assert replace(back, booted_at_s=memory.booted_at_s) == memory


def test_a_look_at_a_healthy_node_leaves_its_text_as_it_was() -> None:
    first = remember(
        Memory(), some_reading(at_s=1000, gpus=(replace(GPU, temperature_c=30, sw_power_cap_us=10**9),), ports=(PORT,))
    )
    warmer = replace(GPU, temperature_c=60, sw_power_cap_us=10**9 + 16_000_000)
    busier = replace(PORT, counters={"link_downed": 2, "port_xmit_wait": 500})
    second = remember(first, some_reading(at_s=1600, gpus=(warmer,), ports=(busier,)))
    assert render_memory(second) == render_memory(first)


def test_of_times_held_back_only_the_last_look_is_remembered_and_of_the_power_cap_whole_minutes() -> None:
    memory = Memory()
    for look in range(4):
        held = replace(GPU, sw_power_cap_us=59_000_000 * look, hw_thermal_us=1000 * look)
        memory = remember(memory, some_reading(at_s=1000 + 600 * look, gpus=(held,)))
    (thermal,) = memory.growths["165", "hw_thermal_us"]
    assert (thermal.at_s, thermal.count, thermal.seconds) == (2800, 1000, 600)
    assert memory.counters["165"]["sw_power_cap_us"] == 120_000_000


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"boot_id": 1}', b"\xff"])
def test_what_is_no_memory_is_unreadable(text: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_memory(text, seen_at_s=0)


@given(READINGS, READINGS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_memories_say_as_much_where_what_is_stored_of_them_is_the_same(
    first: Reading, other: Reading, again: bool
) -> None:
    before = remember(Memory(), first)
    after = remember(before, replace(first, at_s=first.at_s + 900.0) if again else other)
    assert after.says_as_much_as(before) is (render_memory(after) == render_memory(before))
