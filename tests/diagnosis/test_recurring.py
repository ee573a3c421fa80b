"""The same fault of the same part in a second boot asks for a replacement; through looks that are kept as text in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from aifctl.diagnosis.check import Check
from aifctl.diagnosis.examining import Examiner, Kept
from aifctl.diagnosis.finding import Action, Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.memory_text import parse_memory, render_memory
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.standing_text import parse_findings, render_findings
from aifctl.fleet.profile import Expectation, Profile
from aifctl.wiring.expecting import all_checks
from tests.diagnosis.readings import some_reading

DAY_S = 86400.0
PLACE = "0000:1b:00.0"
GPU = Gpu(pci_address=PLACE, serial="165")
LOST = replace(GPU, lost=True)
SAID = {"gpu.count": 1, "boot.again_count": 2, "boot.again_window_s": 30 * DAY_S}
PROFILE = Profile(
    name="p", expectations={key: Expectation(value=value, source="ours") for key, value in SAID.items()}, digest="d"
)
NAMES = frozenset({"xid", "gpu-fell-off", "gpu-init", "gpu-lost", "pci-lost", "gpu-count", "pci-gpu-count"})


def checks() -> tuple[Check, ...]:
    return tuple(check for check in all_checks() if check.name in NAMES)


class Node:
    """A node whose looks are kept as the store keeps them."""

    def __init__(self, profile: Profile | None = PROFILE) -> None:
        self.examiner, self.profile, self.kept = Examiner(checks(), version="1"), profile, Kept()

    def look(self, reading: Reading) -> tuple[Finding, ...]:
        look = self.examiner.examine(reading, self.kept, self.profile)
        assert look.memory is not None
        self.kept = Kept(
            findings=parse_findings(
                render_findings(look.findings, seen_at_s=look.at_s), node="n1", seen_at_s=look.at_s
            ),
            memory=parse_memory(render_memory(look.memory), seen_at_s=look.at_s),
            seen_at_s=look.at_s,
        )
        return look.settled.verdict.findings


def event(kind: str = "xid", number: int | None = 79, place: str = PLACE) -> KernelEvent:
    return KernelEvent(kind=kind, number=number, pci_address=place, monotonic_s=5.0, text="said")


def boot(number: int, *, day: float, gpus: Iterable[Gpu] = (GPU,), events: Iterable[KernelEvent] = ()) -> Reading:
    devices = (PciDevice(address=PLACE, device_id="10de:2330", pci_class="030200", revision_ff=False),)
    reading = some_reading(
        at_s=day * DAY_S, boot_id=f"boot-{number}", gpus=tuple(gpus), events=tuple(events), devices=devices
    )
    assert reading.gpu is not None
    return replace(reading, gpu=replace(reading.gpu, told_count=len(reading.gpu.gpus)))


def actions(found: Iterable[Finding], check: str = "xid") -> list[Action]:
    return [one.action for one in found if one.check == check]


@pytest.mark.parametrize(
    ("number", "first"), [(79, Action.REBOOT), (64, Action.RESET), (143, Action.REBOOT), (48, Action.RESET)]
)
def test_an_xid_in_a_second_boot_is_a_replacement_where_a_reboot_should_have_cured_it(
    number: int, first: Action
) -> None:
    node = Node()
    assert actions(node.look(boot(1, day=1, events=[event(number=number)]))) == [first]
    assert actions(node.look(boot(2, day=2))) == []
    (finding,) = node.look(boot(3, day=10, events=[event(number=number)]))
    assert finding.action is (first if number == 48 else Action.RMA)
    if number != 48:
        assert "in 2 boots within 30 days" in finding.message
        assert (finding.facts["boots_count"], finding.facts["earlier_boots"]) == (2, {"boot-1": DAY_S})
        assert finding.facts["boots_source"] == "ours"


def test_further_looks_of_the_same_boot_count_no_more_and_say_it_once() -> None:
    node = Node()
    for look in range(4):
        assert actions(node.look(boot(1, day=1 + look, events=[event()]))) == [Action.REBOOT]
    for look in range(3):
        (finding,) = node.look(boot(2, day=6 + look, events=[event()]))
        assert (finding.action, finding.message.count("in 2 boots")) == (Action.RMA, 1)


def test_what_lies_further_back_than_the_window_is_forgotten_but_not_while_its_second_boot_lasts() -> None:
    node = Node()
    node.look(boot(1, day=1, events=[event()]))
    assert actions(node.look(boot(2, day=32, events=[event()]))) == [Action.REBOOT]
    assert actions(node.look(boot(3, day=40, events=[event()]))) == [Action.RMA]
    assert actions(node.look(boot(3, day=90, events=[]))) == [Action.RMA]


def test_the_history_follows_the_part_and_not_the_slot() -> None:
    node, other = Node(), replace(GPU, serial="999")
    node.look(boot(1, day=1, events=[event()]))
    assert actions(node.look(boot(2, day=2, gpus=[other], events=[event()]))) == [Action.REBOOT]
    moved = replace(GPU, pci_address="0000:2b:00.0")
    found = node.look(boot(3, day=3, gpus=[other, moved], events=[event(place="0000:2b:00.0")]))
    assert actions(found) == [Action.RMA]
    assert actions(node.look(boot(4, day=4, gpus=[other, moved], events=[event()]))) == [Action.RMA]


def test_a_place_is_forgotten_once_another_gpu_is_seen_in_it() -> None:
    node = Node()
    node.look(boot(1, day=1, events=[event()]))
    node.look(boot(2, day=2, gpus=[replace(GPU, serial="999")]))
    assert actions(node.look(boot(3, day=3, gpus=[], events=[event()]))) == [Action.REBOOT]


def test_a_gpu_that_tells_its_serial_only_the_first_time_is_known_by_its_place() -> None:
    node = Node()
    node.look(boot(1, day=1, events=[event()]))
    assert actions(node.look(boot(2, day=2, gpus=[], events=[event()]))) == [Action.RMA]


def test_the_words_of_kernel_driver_and_bus_for_a_gpu_that_is_gone_are_one_fault() -> None:
    node = Node()
    assert actions(node.look(boot(1, day=1, gpus=[LOST])), "gpu-lost") == [Action.REBOOT]
    fell = event("gpu-lost", None)
    assert actions(node.look(boot(2, day=2, events=[fell])), "gpu-fell-off") == [Action.RMA]
    assert actions(node.look(boot(3, day=3, gpus=[LOST])), "gpu-lost") == [Action.RMA]
    reading = boot(4, day=4)
    assert reading.pci is not None
    gone = replace(reading.pci, devices=tuple(replace(one, revision_ff=True) for one in reading.pci.devices))
    assert actions(node.look(replace(reading, pci=gone)), "pci-lost") == [Action.RMA]


def test_a_gpu_that_the_driver_cannot_start_in_a_second_boot_is_replaced() -> None:
    node, failed = Node(), event("gpu-init", None)
    assert actions(node.look(boot(1, day=1, events=[failed])), "gpu-init") == [Action.REBOOT]
    assert actions(node.look(boot(2, day=2, events=[event(number=143)]))) == [Action.RMA]
    assert actions(node.look(boot(3, day=3, events=[failed])), "gpu-init") == [Action.RMA]


def test_a_gpu_that_is_still_missing_after_a_reboot_is_replaced() -> None:
    node = Node()
    first = node.look(boot(1, day=1, gpus=[]))
    assert (actions(first, "gpu-count"), actions(first, "pci-gpu-count")) == ([Action.REBOOT], [Action.REBOOT])
    second = node.look(boot(2, day=2, gpus=[]))
    assert (actions(second, "gpu-count"), actions(second, "pci-gpu-count")) == ([Action.RMA], [Action.RMA])
    again = node.look(boot(2, day=2.1, gpus=[]))
    assert [one.message.count("in 2 boots") for one in again] == [1, 1]


@pytest.mark.parametrize(
    ("count", "window_s", "action"),
    [(2, DAY_S, Action.RMA), (2, DAY_S - 1, Action.REBOOT), (3, DAY_S, Action.REBOOT), (3, 2 * DAY_S, Action.RMA)],
)
def test_how_many_boots_within_what_time_is_for_the_profile_to_say(count: int, window_s: float, action: Action) -> None:
    said = {"boot.again_count": count, "boot.again_window_s": window_s}
    expectations = {key: Expectation(value=value, source="ours") for key, value in said.items()}
    node = Node(replace(PROFILE, expectations=expectations))
    for number in (1, 2):
        node.look(boot(number, day=number, events=[event()]))
    assert actions(node.look(boot(3, day=3, events=[event()]))) == [action]


@pytest.mark.parametrize("profile", [None, replace(PROFILE, expectations={})])
def test_without_a_number_of_boots_to_go_by_nothing_is_replaced(profile: Profile | None) -> None:
    node = Node(profile)
    for number in (1, 2, 3):
        assert actions(node.look(boot(number, day=number, events=[event()]))) == [Action.REBOOT]


def test_a_node_that_tells_no_boot_leaves_no_occasion_and_a_healthy_one_none_either() -> None:
    for reading in (replace(boot(1, day=1, events=[event()]), boot_id=""), boot(1, day=1)):
        node = Node()
        node.look(reading)
        assert node.kept.memory.occasions == ()


def test_of_boots_without_end_the_last_are_kept() -> None:
    node = Node()
    for number in range(50):
        node.look(boot(number, day=number, events=[event()]))
    assert [one.boot_id for one in node.kept.memory.occasions] == [f"boot-{number}" for number in range(18, 50)]


def test_a_memory_from_before_there_were_occasions_is_one_without() -> None:
    text = render_memory(Memory(boot_id="b")).replace(b',"occasions":[]', b"")
    assert b"occasions" not in text
    assert parse_memory(text, seen_at_s=0.0).occasions == ()


def test_every_check_that_counts_boots_says_so_and_asks_for_the_numbers() -> None:
    assert {check.name for check in all_checks() if check.again} == NAMES
    for check in checks():
        assert {"boot.again_count", "boot.again_window_s"} <= {need.key for need in check.needs}
