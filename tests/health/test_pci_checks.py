"""The checks of the PCI tree, on what the probe reads of simulated hardware and on made-up devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.pci import PciDevice, PciSection
from aifctl.diagnosis.pci_tree import is_gpu
from aifctl.diagnosis.sysfs_pci import parse_sysfs_pci
from aifctl.onnode.probe.sections import pci as section
from aifctl.sim.hardware.pci import PciHardware, write_pci
from tests.fuzzing import examples
from tests.health.fabric_cases import Found, found, judged, profile, reading

Fault = Callable[[PciHardware], object]
FIRST, HCA = "0000:1b:00.0", "0000:18:00.0"
GPU = f"gpu:{FIRST}"
GPUS = tuple(one.address for one in PciHardware.healthy().gpus())


def look_at(hardware: PciHardware, folder: Path) -> PciSection:
    write_pci(folder, hardware)
    return parse_sysfs_pci(section.read(str(folder), {}))


def gpus(pci: PciSection, state: str | Absent = "P0") -> list[Gpu]:
    return [
        Gpu(pci_address=one.address, performance_state=state, pcie_generation=5, pcie_width=16)
        for one in pci.devices
        if is_gpu(one)
    ]


def test_a_healthy_node_has_nothing_that_is_wrong(tmp_path: Path) -> None:
    pci = look_at(PciHardware.healthy(), tmp_path)
    verdict = judged(reading(pci=pci, gpus=gpus(pci)), by=profile())
    assert verdict.findings == ()
    assert verdict.result is Result.OK
    assert verdict.judged == (
        "acs",
        "gpu-pcie-link",
        "pci-aer",
        "pci-gpu-count",
        "pci-lost",
        "pci-topology",
        "pcie-link",
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda it: it.downtrain_gpu(0, generation=3), {(GPU, "pcie-link", "speed", "fault")}),
        (lambda it: it.downtrain_gpu(0, width=8), {(GPU, "pcie-link", "width", "fault")}),
        (
            lambda it: it.downtrain_gpu(0, generation=1, width=1),
            {(GPU, "pcie-link", "speed", "fault"), (GPU, "pcie-link", "width", "fault")},
        ),
        (lambda it: it.downtrain_switch(0, generation=4), {(GPU, "pcie-link", "speed", "fault")}),
        (lambda it: it.downtrain_switch(0, width=8), {(GPU, "pcie-link", "width", "fault")}),
        (lambda it: setattr(it.bridge_above_gpu(0), "width", 8), {(GPU, "pcie-link", "width", "fault")}),
        (lambda it: setattr(it.gpus()[0], "generation", 4), {(GPU, "pcie-link", "speed", "fault")}),
        (lambda it: it.remove_gpu(0), {("node", "pci-gpu-count", "bus", "fault")}),
        (lambda it: it.lose_gpu(0), {(GPU, "pci-lost", "all-ones", "fault")}),
        (lambda it: it.lose(HCA), {(f"pci:{HCA}", "pci-lost", "all-ones", "fault")}),
        (lambda it: it.lose("0000:07:00.0"), {("pci:0000:07:00.0", "pci-lost", "all-ones", "fault")}),
        (lambda it: it.lose("0000:19:00.0"), {("pci:0000:19:00.0", "pci-lost", "all-ones", "fault")}),
        (lambda it: it.turn_acs_on(["0000:17:02.0"]), {("pci:0000:17:02.0", "acs", "on", "watch")}),
        (lambda it: it.turn_acs_on(["0000:17:00.0"]), {("pci:0000:17:00.0", "acs", "on", "watch")}),
        (lambda it: it.turn_acs_on(["0000:17:01.0", "0000:28:01.0"]), set()),
        (lambda it: it.count_errors(FIRST), {(GPU, "pci-aer", "fatal-before", "watch")}),
        (lambda it: it.count_errors(FIRST, severity="nonfatal"), set()),
        (lambda it: it.count_errors(FIRST, severity="correctable", by=10**6), set()),
        (lambda it: setattr(it.gpus()[0], "numa", 1), {(GPU, "pci-topology", "numa", "fault")}),
        (lambda it: setattr(it.gpus()[0], "numa", -1), {(GPU, "pci-topology", "numa-untold", "watch")}),
        (
            lambda it: setattr(it.devices[HCA], "above", it.bridge_above_gpu(1).address),
            {(GPU, "pci-topology", "hca", "fault")},
        ),
        (lambda it: it.remove(HCA), {(GPU, "pci-topology", "hca", "fault")}),
        (lambda it: setattr(it, "as_root", False), set()),
    ],
)
def test_a_fault_is_found_and_nothing_else(fault: Fault, expected: set[Found], tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    fault(hardware)
    pci = look_at(hardware, tmp_path)
    assert found(reading(pci=pci, gpus=gpus(pci)), by=profile()) == expected


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [
        ({"pci__gpu_numa_nodes": [0, 0, 0, 1, 1, 1, 1, 1]}, {("gpu:0000:61:00.0", "pci-topology", "numa", "fault")}),
        ({"pci__gpu_numa_nodes": [0, 1]}, set()),
        ({"pci__gpu_hcas_least_count": 2}, {(f"gpu:{gpu}", "pci-topology", "hca", "fault") for gpu in GPUS}),
    ],
)
def test_where_gpus_and_hcas_belong_is_for_the_profile_to_say(
    expected: dict[str, object], wanted: set[Found], tmp_path: Path
) -> None:
    pci = look_at(PciHardware.healthy(), tmp_path)
    assert found(reading(pci=pci, gpus=gpus(pci)), by=profile(**expected), only=["pci-topology"]) == wanted


def test_without_a_word_on_where_they_belong_nothing_is_judged_and_without_a_profile_it_is_unknown(
    tmp_path: Path,
) -> None:
    look = reading(pci=look_at(PciHardware.healthy(), tmp_path))
    silent = profile()
    kept = {key: one for key, one in silent.expectations.items() if not key.startswith("pci.gpu_")}
    assert judged(look, by=replace(silent, expectations=kept), only=["pci-topology"]).judged == ()
    assert found(look, by=None, only=["pci-topology"]) == {("node", "pci-topology", "unknown", "unknown")}
    assert judged(reading(pci=PciSection(source="sysfs")), by=profile(), only=["pci-topology"]).judged == ()


@pytest.mark.parametrize("name", ["numa_node", "upstream"])
@pytest.mark.parametrize(
    ("why", "wanted"),
    [
        (Absent.NOT_AVAILABLE, set()),
        (Absent.ERROR, {("node", "pci-topology", "unknown", "unknown")}),
        (Absent.MISSING, {("node", "pci-topology", "unknown", "unknown")}),
    ],
)
def test_a_place_that_is_not_told_is_unknown_and_neutral_where_there_is_no_word_for_it(
    name: str, why: Absent, wanted: set[Found], tmp_path: Path
) -> None:
    pci = look_at(PciHardware.healthy(), tmp_path)
    devices = tuple(replace(one, **{name: why}) if one.address == FIRST else one for one in pci.devices)
    untold = reading(pci=replace(pci, devices=devices), gpus=gpus(pci))
    assert found(untold, by=profile(), only=["pci-topology"]) == wanted


def test_errors_that_were_counted_since_the_last_look(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    before = look_at(hardware, tmp_path / "a")
    hardware.count_errors(FIRST, by=2)
    hardware.count_errors(HCA, severity="nonfatal")
    hardware.count_errors("0000:17:02.0", severity="correctable")
    after = look_at(hardware, tmp_path / "b")
    looks = [reading(pci=before), reading(pci=after, at_s=1600.0)]
    assert found(*looks, by=profile()) == {
        (GPU, "pci-aer", "fatal", "fault"),
        (f"pci:{HCA}", "pci-aer", "nonfatal", "watch"),
    }
    # The memory of growth goes back a day; that this boot has seen fatal errors stays.
    later = [*looks, reading(pci=after, at_s=1600.0 + 86401.0)]
    assert found(*later, by=profile()) == {(GPU, "pci-aer", "fatal-before", "watch")}


@pytest.mark.parametrize(
    ("generation", "state", "result"),
    [
        (1, "P8", None),
        (1, "P12", None),
        (3, "P8", None),
        (1, "P0", "fault"),
        (3, "P0", "fault"),
        (4, "P5", "fault"),
        (1, Absent.MISSING, "unknown"),
        (1, Absent.NOT_AVAILABLE, "unknown"),
        (3, Absent.MISSING, "fault"),
    ],
)
def test_a_slow_link_is_excused_by_a_gpu_that_saves_power(
    generation: int, state: str | Absent, result: str | None, tmp_path: Path
) -> None:
    hardware = PciHardware.healthy()
    hardware.downtrain_gpu(0, generation=generation)
    pci = look_at(hardware, tmp_path)
    wanted = {(GPU, "pcie-link", "unknown" if result == "unknown" else "speed", result)} if result else set()
    assert found(reading(pci=pci, gpus=gpus(pci, state)), by=profile()) == wanted


def test_saving_power_excuses_neither_width_nor_the_links_above(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    hardware.downtrain_gpu(0, generation=1, width=8)
    hardware.downtrain_switch(1, generation=1)
    pci = look_at(hardware, tmp_path)
    assert found(reading(pci=pci, gpus=gpus(pci, "P8")), by=profile()) == {
        (GPU, "pcie-link", "width", "fault"),
        ("gpu:0000:43:00.0", "pcie-link", "speed", "fault"),
    }


def test_where_the_path_is_slow_is_said(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    hardware.downtrain_switch(0, generation=4)
    for address in ("0000:16:00.0",):
        hardware.devices[address].generation_max = 4
    (finding,) = judged(reading(pci=look_at(hardware, tmp_path)), by=profile()).findings
    assert "gen4 (16 GT/s) at 0000:16:00.0, gen4 (16 GT/s) at 0000:15:01.0" in finding.message
    assert "; 0000:16:00.0 can do no more" in finding.message
    assert finding.facts == {"at": ["0000:16:00.0", "0000:15:01.0"]}
    assert finding.source == "source of gpu.pcie_generation"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"pcie_generation": 3}, {(GPU, "gpu-pcie-link", "speed", "fault")}),
        ({"pcie_width": 8}, {(GPU, "gpu-pcie-link", "width", "fault")}),
        ({"pcie_generation": 1, "performance_state": "P8"}, set()),
        ({"pcie_generation": 1, "performance_state": Absent.MISSING}, {(GPU, "gpu-pcie-link", "unknown", "unknown")}),
        ({"pcie_generation": 1, "performance_state": Absent.NOT_AVAILABLE}, set()),
        ({"pcie_generation": Absent.NOT_AVAILABLE}, set()),
        ({"pcie_width": Absent.MISSING}, {(GPU, "gpu-pcie-link", "unknown", "unknown")}),
        ({"pcie_width": 8, "lost": True}, set()),
    ],
)
def test_the_drivers_own_word_of_the_link(changed: dict[str, object], expected: set[Found]) -> None:
    values = {"pci_address": FIRST, "performance_state": "P0", "pcie_generation": 5, "pcie_width": 16, **changed}
    assert found(reading(gpus=[Gpu(**values)]), by=profile()) == expected  # type: ignore[arg-type]


def test_a_gpu_that_the_bus_shows_and_the_driver_does_not(tmp_path: Path) -> None:
    pci = look_at(PciHardware.healthy(), tmp_path)
    seven = gpus(pci)[1:]
    assert found(reading(pci=pci, gpus=seven), by=profile()) == {("node", "pci-gpu-count", "driver", "fault")}
    (finding,) = judged(reading(pci=pci, gpus=seven), by=profile()).findings
    assert finding.facts == {"unseen": [FIRST]}
    excluded = replace(reading(pci=pci, gpus=seven))
    assert excluded.gpu is not None
    told = replace(excluded, gpu=replace(excluded.gpu, excluded_count=1))
    assert found(told, by=profile()) == set()
    lost = [Gpu(lost=True), *seven]
    assert found(reading(pci=pci, gpus=lost), by=profile()) == set()


def test_a_node_of_another_kind_needs_no_profile_to_have_no_gpus() -> None:
    disk = PciDevice(
        address="0000:01:00.0",
        device_id="144d:a824",
        pci_class="010802",
        revision_ff=False,
        aer_fatal_count=0,
        aer_nonfatal_count=0,
    )
    assert found(reading(pci=PciSection(source="sysfs", devices=(disk,))), by=None) == set()


def test_without_a_profile_links_are_unknown_and_what_has_fallen_off_is_not(tmp_path: Path) -> None:
    hardware = PciHardware.healthy()
    hardware.lose(HCA)
    results = found(reading(pci=look_at(hardware, tmp_path)), by=None)
    assert (f"pci:{HCA}", "pci-lost", "all-ones", "fault") in results
    assert ("node", "pci-gpu-count", "unknown", "unknown") in results
    assert (GPU, "pcie-link", "unknown", "unknown") in results


def test_a_listing_that_is_cut_is_not_counted(tmp_path: Path) -> None:
    pci = replace(look_at(PciHardware.healthy(), tmp_path), complete=False)
    assert found(reading(pci=pci), by=profile()) == {
        ("node", "pci-gpu-count", "unknown", "unknown"),
        ("node", "pci-lost", "unknown", "unknown"),
    }


_HEALTHY: list[PciSection] = []
_NAMES = [one.name for one in fields(PciDevice) if one.name != "address"]


@pytest.mark.parametrize("address", [FIRST, "0000:17:02.0", HCA])
@settings(max_examples=examples(60), deadline=None)
@given(name=st.sampled_from(_NAMES), why=st.sampled_from(Absent))
def test_a_field_that_is_not_told_makes_nobody_sick(
    address: str, name: str, why: Absent, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not _HEALTHY:
        _HEALTHY.append(look_at(PciHardware.healthy(), tmp_path_factory.mktemp("node")))
    changed = [replace(one, **{name: why}) if one.address == address else one for one in _HEALTHY[0].devices]
    pci = PciSection(source="sysfs", devices=tuple(changed))
    results = {one[3] for one in found(reading(pci=pci), by=profile())}
    # What does not say that it is a GPU is one less on the bus.
    counted = {"fault"} if address == FIRST and name in {"device_id", "pci_class"} else set()
    assert results <= counted | (set() if why in NEUTRAL else {"unknown"})
    if (
        address == FIRST
        and name in {"link_speed_gt_s", "link_width", "aer_fatal_count", "revision_ff"}
        and why not in NEUTRAL
    ):
        assert results == {"unknown"}
