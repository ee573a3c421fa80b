"""What NVML told, as a reading: units, absences, and that no answer ever becomes more than was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection, NvLink
from aifctl.diagnosis.nvml import parse_nvml
from aifctl.diagnosis.packing import pack, unpack
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.nvml_fields import FIELDS
from aifctl.onnode.probe.sections import gpu as section
from aifctl.sim.hardware.gpus import GpuHardware
from tests.fuzzing import examples
from tests.onnode.gpu_nodes import STATES, node_in, plant_node

_NO_TREE = "/nonexistent"


def told(node: GpuHardware, root: Path | str = _NO_TREE) -> Any:
    """Return what travels: JSON."""
    return json.loads(json.dumps(section.read(str(root), {"nvml": node.nvml()})))


def parsed(state: str, root: Path | str = _NO_TREE) -> GpuSection:
    return parse_nvml(told(node_in(state), root))


def absences(gpu: Gpu) -> dict[str, Absent]:
    values = {one.name: getattr(gpu, one.name) for one in fields(gpu)}
    return {name: value for name, value in values.items() if isinstance(value, Absent)}


# ── what it says ──


def test_a_healthy_node_is_read_whole() -> None:
    node = GpuHardware.healthy(driver_version="580.105.08")
    found = parse_nvml(told(node))
    assert (found.source, found.driver_version, found.cuda_version) == ("nvml", "580.105.08", "13.0")
    assert (found.told_count, found.excluded_count, len(found.gpus)) == (8, 0, 8)
    board, gpu = node.boards[0], found.gpus[0]
    assert (gpu.pci_address, gpu.index, gpu.device_id) == ("0000:1b:00.0", 0, "10de:2330")
    assert (gpu.serial, gpu.uuid, gpu.module_id) == (board.serial, board.uuid, 1)
    assert (gpu.vbios_version, gpu.gsp_firmware_version, gpu.inforom_valid) == (board.vbios, "580.105.08", True)
    assert (gpu.persistence_mode, gpu.ecc_current, gpu.ecc_pending, gpu.mig_current) == (True, True, True, False)
    assert (gpu.lost, gpu.requires_reset) == (False, False)


def test_units_are_ours() -> None:
    node = GpuHardware.healthy(driver_version="580.105.08")
    node.boards[0].power_mw, node.boards[0].fields[74] = 68570, 7_015_662_857_123
    gpu = parse_nvml(told(node)).gpus[0]
    assert (gpu.power_w, gpu.power_limit_w, gpu.power_limit_default_w) == (68.57, 700.0, 700.0)
    assert gpu.sw_power_cap_us == 7_015_662_857
    assert gpu.memory_total_bytes == 81559 << 20
    assert (gpu.temperature_c, gpu.margin_c) == (node.boards[0].temperature_c, node.boards[0].margin_c)
    assert (gpu.limit_shutdown_c, gpu.limit_slowdown_c, gpu.limit_max_operating_c) == (-8, -2, 0)
    assert gpu.performance_state == "P0"
    assert (gpu.sm_clock_mhz, gpu.sm_clock_max_mhz, gpu.memory_clock_mhz) == (345, 1980, 2619)
    assert (gpu.pcie_generation, gpu.pcie_width, gpu.pcie_replay_count) == (5, 16, node.boards[0].replays)
    assert isinstance(gpu.nvlinks, tuple)
    assert gpu.nvlinks[17] == NvLink(index=17, active=True, rate_gbytes_s=26.562, remote=Absent.NOT_AVAILABLE)
    assert (gpu.nvlink_replay_count, gpu.nvlink_recovery_count, gpu.nvlink_crc_count) == (0, 0, 0)
    assert (gpu.fabric_state, gpu.fabric_status) == ("completed", "success")
    assert gpu.remap_banks == {"max": 2560, "high": 0, "partial": 0, "low": 0, "none": 0}


def test_what_a_healthy_h100_does_not_tell_is_neutral() -> None:
    for gpu in parsed("healthy on R580").gpus:
        assert set(absences(gpu)) == {
            "retired_single_bit_count",
            "retired_double_bit_count",
            "retired_pending",
            "slowdown_temperature_c",
            "shutdown_temperature_c",
            "fabric_health",
            "unrepairable_memory",
        }
        assert set(absences(gpu).values()) <= NEUTRAL


@pytest.mark.parametrize("state", ["healthy on R535", "healthy on R550", "healthy on R580", "healthy on R590"])
def test_no_driver_is_too_old_to_be_healthy(state: str) -> None:
    for gpu in parsed(state).gpus:
        assert set(absences(gpu).values()) <= NEUTRAL


def test_what_an_old_driver_can_not_tell_is_not_supported() -> None:
    gpu = parsed("healthy on R535").gpus[0]
    names = ("recovery_action", "margin_c", "hw_power_brake_us", "sram_threshold_exceeded", "channel_repair_pending")
    assert {getattr(gpu, name) for name in names} == {Absent.NOT_SUPPORTED}
    assert gpu.sram_uncorrected_volatile_count == 0


def test_a_field_that_the_driver_should_know_and_does_not_is_missing() -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    for board in node.boards:
        board.errors[230] = 2
    assert parse_nvml(told(node)).gpus[0].recovery_action is Absent.MISSING


# ── each way to go bad ──


def test_a_lost_gpu_is_lost_and_keeps_its_place(tmp_path: Path) -> None:
    node = node_in("one lost")
    found = parse_nvml(told(node, plant_node(tmp_path, node)))
    assert [gpu.lost for gpu in found.gpus] == [False, False, True, False, False, False, False, False]
    assert (found.told_count, found.gpus[2].pci_address, found.gpus[2].index) == (8, "0000:52:00.0", 2)
    assert set(absences(found.gpus[2]).values()) == {Absent.LOST}


def test_a_gpu_lost_while_it_was_read_keeps_its_serial() -> None:
    gpu = parsed("one lost while it is read").gpus[7]
    assert gpu.lost
    assert gpu.serial == node_in("one lost while it is read").boards[7].serial
    assert (gpu.temperature_c, gpu.remap_failure, gpu.processes) == (Absent.LOST, Absent.LOST, Absent.LOST)


def test_reset_required_is_evidence() -> None:
    gpu = parsed("reset required").gpus[1]
    assert (gpu.requires_reset, gpu.lost, gpu.power_w) == (True, False, Absent.REQUIRES_RESET)


def test_an_excluded_gpu_is_counted_apart() -> None:
    found = parsed("one excluded")
    assert (found.told_count, found.excluded_count, len(found.gpus)) == (7, 1, 7)


@pytest.mark.parametrize("state", ["SRAM errors", "SRAM errors on R535"])
def test_sram_errors_are_counted_by_every_driver(state: str) -> None:
    gpu = parsed(state).gpus[4]
    assert (gpu.sram_uncorrected_volatile_count, gpu.sram_uncorrected_aggregate_count) == (5, 5)
    assert gpu.sram_threshold_exceeded is (True if state == "SRAM errors" else Absent.NOT_SUPPORTED)


def test_counters_that_everybody_may_read_are_read_where_the_verdict_is_roots_alone() -> None:
    gpu = parsed("no permission").gpus[0]
    assert (gpu.sram_uncorrected_volatile_count, gpu.sram_threshold_exceeded) == (0, Absent.DENIED)


def test_remapping_is_told() -> None:
    pending, failed = parsed("remapping pending").gpus[6], parsed("remapping failed").gpus[6]
    assert (pending.remap_pending, pending.remap_failure, pending.remap_uncorrected_count) == (True, False, 1)
    assert (failed.remap_failure, failed.remap_banks) == (
        True,
        {"max": 2559, "high": 0, "partial": 0, "low": 0, "none": 1},
    )


def test_a_corrupt_inforom_is_told() -> None:
    assert [gpu.inforom_valid for gpu in parsed("InfoROM corrupt").gpus] == [False] + [True] * 7


def test_links_that_are_down_are_told_with_the_switch_they_lead_to() -> None:
    links = parsed("three links down").gpus[1].nvlinks
    assert isinstance(links, tuple)
    assert [link.active for link in links] == [False] * 3 + [True] * 15
    assert links[0] == NvLink(index=0, active=False, rate_gbytes_s=Absent.NOT_AVAILABLE, remote="0000:07:00.0")
    assert parsed("three links down").gpus[1].nvlink_crc_count is Absent.NOT_AVAILABLE


def test_the_fabric_is_told() -> None:
    assert {gpu.fabric_state for gpu in parsed("fabric in progress").gpus} == {"in-progress"}
    assert {gpu.fabric_status for gpu in parsed("fabric in progress").gpus} == {Absent.NOT_AVAILABLE}
    assert parsed("fabric failed").gpus[2].fabric_status == "unknown"
    assert {gpu.fabric_state for gpu in parsed("no fabric manager").gpus} == {"not-started"}


def test_clocks_held_down_are_told() -> None:
    assert {(gpu.throttle_reasons, gpu.hw_power_brake_us) for gpu in parsed("power brake").gpus} == {
        (0x89, 600_000_000)
    }
    hot = parsed("hot").gpus[0]
    assert (hot.margin_c, hot.throttle_reasons) == (-3, 0x69)
    assert parsed("power limited").gpus[5].power_limit_w == 500.0
    slow = parsed("PCIe downtrained").gpus[3]
    assert (slow.pcie_generation, slow.pcie_generation_max, slow.pcie_width) == (3, 5, 8)


def test_modes_and_versions_are_told() -> None:
    gpus = parsed("modes").gpus
    assert [gpus[0].persistence_mode, gpus[0].ecc_current, gpus[1].mig_current] == [False, False, True]
    assert len({gpu.vbios_version for gpu in parsed("VBIOS skewed").gpus}) == 2


def test_a_process_has_a_name(tmp_path: Path) -> None:
    node = node_in("a process")
    node.leave_process(12, 3)
    node.boards[3].processes[0].used_bytes = None
    found = parse_nvml(told(node, plant_node(tmp_path, node)))
    assert isinstance(found.gpus[2].processes, tuple)
    assert isinstance(found.gpus[3].processes, tuple)
    process, other = found.gpus[2].processes[0], found.gpus[3].processes[0]
    assert (process.pid, process.name, process.memory_bytes) == (4711, "python3", 1 << 30)
    assert other.memory_bytes is Absent.NOT_AVAILABLE


@pytest.mark.parametrize("action", range(9))
def test_the_drivers_own_verdict_is_named(action: int) -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    node.recommend(action)
    names = ["none", "gpu-reset", "node-reboot", "drain-p2p", "drain-and-reset", "5", "6", "7", "8"]
    assert parse_nvml(told(node)).gpus[0].recovery_action == names[action]


def test_fabric_health_is_told_where_the_chip_has_it() -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    node.boards[0].fabric[4], node.boards[1].fabric[4] = 1, 2
    assert [gpu.fabric_health for gpu in parse_nvml(told(node)).gpus][:3] == [
        "healthy",
        "unhealthy",
        Absent.NOT_AVAILABLE,
    ]


@pytest.mark.parametrize(
    ("mask", "summary", "expected"),
    [
        (0, 0, Absent.NOT_AVAILABLE),
        (0b10101010, 1, "healthy"),
        (0b10101010, 0, "healthy"),
        (0b00101010, 0, Absent.NOT_AVAILABLE),
        (0b10101001, 1, "limited-capacity"),
        (0b10011010, 1, "unhealthy"),
        (0b01101010, 0, "unhealthy"),
        (0x5AA, 1, "unhealthy"),
        (0x1AA, 1, "healthy"),
        (0b10101010, 3, "limited-capacity"),
        (0, 9, "9"),
    ],
)
def test_fabric_health_is_the_worse_of_its_parts_and_its_summary(mask: int, summary: int, expected: object) -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    node.boards[0].fabric[3:] = [mask, summary]
    assert parse_nvml(told(node)).gpus[0].fabric_health == expected


def test_fabric_health_without_a_summary_is_that_of_its_parts() -> None:
    node = GpuHardware.healthy(driver_version="550.127.08")
    node.boards[0].fabric[3], node.boards[1].fabric[3] = 0b10011010, 0b10101010
    gpus = parse_nvml(told(node)).gpus
    assert [gpu.fabric_health for gpu in gpus][:3] == ["unhealthy", "healthy", Absent.NOT_AVAILABLE]


def test_a_sum_over_links_is_told_whole_or_not_at_all() -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    node.boards[0].links[3].errors[163] = 7
    node.boards[0].links[5].errors[163] = 4
    assert parse_nvml(told(node)).gpus[0].nvlink_crc_count == 11
    data = told(node)
    data["gpus"][0]["links"]["163"][9] = {"!": 999}
    assert parse_nvml(data).gpus[0].nvlink_crc_count is Absent.ERROR


def test_one_pcie_counter_that_could_not_be_read_is_not_passed_over() -> None:
    data = told(node_in("healthy on R590"))
    data["gpus"][0]["fields"]["180"] = {"!": 999}
    data["gpus"][1]["fields"]["180"] = {"!": 3}
    gpus = parse_nvml(data).gpus
    assert gpus[0].pcie_errors is Absent.ERROR
    assert isinstance(gpus[1].pcie_errors, dict)
    assert "fatal" not in gpus[1].pcie_errors


@pytest.mark.parametrize("state", [name for name in STATES if name not in {"driver not loaded", "library mismatch"}])
def test_every_state_is_stored_and_read_back(state: str, tmp_path: Path) -> None:
    node = node_in(state)
    ends = {SectionName.GPU: SectionEnd(status=SectionStatus.OK)}
    reading = Reading(gpu=parse_nvml(told(node, plant_node(tmp_path, node))), ends=ends)
    packed = pack(reading)
    assert unpack(packed.facts, packed.moving).gpu == reading.gpu


# ── no answer becomes more than was told ──


def changes(before: Gpu, after: Gpu) -> Iterator[str]:
    """Yield the fields that say something now that they did not say before."""
    for one in fields(Gpu):
        old, new = getattr(before, one.name), getattr(after, one.name)
        if new == old or isinstance(new, Absent) or (one.name == "pci_address" and not new):
            continue
        if isinstance(new, dict) and isinstance(old, dict) and new.items() <= old.items():
            continue
        if one.name == "nvlinks" and isinstance(old, tuple) and _same_links(old, new):
            continue
        yield one.name


def _same_links(before: tuple[NvLink, ...], after: tuple[NvLink, ...]) -> bool:
    by_index = {link.index: link for link in before}
    return all(
        getattr(link, name) == getattr(by_index[link.index], name) or isinstance(getattr(link, name), Absent)
        for link in after
        for name in ("active", "rate_gbytes_s", "remote")
    )


def allowed(code: int) -> set[str]:
    """Return the fields that an error code may well change: what it is evidence of."""
    return {14: {"inforom_valid"}, 15: {"lost"}, 16: {"requires_reset"}}.get(code, set())


def pair_in(state: str) -> GpuHardware:
    """Return a node of two GPUs: enough to see that one's answers are not another's."""
    node = node_in(state)
    del node.boards[2:]
    return node


def functions() -> list[str]:
    names: set[str] = set()
    for state in ("healthy on R590", "healthy on R535", "three links down"):
        nvml = node_in(state).nvml()
        section.read(_NO_TREE, {"nvml": nvml})
        names |= set(nvml.asked)
    return sorted(name for name in names if name.startswith("nvmlDevice") and "Count" not in name)


_CODES = (2, 3, 4, 6, 10, 13, 14, 15, 16, 17, 25, 26, 999, 4242)


@pytest.mark.parametrize("function", functions())
@pytest.mark.parametrize("state", ["three links down", "healthy on R535"])
def test_a_refused_call_never_says_what_was_not_told(function: str, state: str) -> None:
    before = parse_nvml(told(pair_in(state))).gpus
    for code in _CODES:
        node = pair_in(state)
        node.errors[function] = code
        for old, new in zip(before, parse_nvml(told(node)).gpus, strict=True):
            assert set(changes(old, new)) <= allowed(code)
            if code not in {15, 16}:
                assert (new.lost, new.requires_reset) == (False, False)


@pytest.mark.parametrize("field", [*FIELDS, 161, 162, 163, 164])
def test_a_refused_field_never_says_what_was_not_told(field: int) -> None:
    before = parse_nvml(told(pair_in("three links down"))).gpus
    for code in _CODES:
        node = pair_in("three links down")
        for board in node.boards:
            board.errors[field] = code
        for old, new in zip(before, parse_nvml(told(node)).gpus, strict=True):
            assert set(changes(old, new)) <= allowed(code)


@pytest.mark.parametrize("function", functions())
def test_a_call_that_fails_is_never_neutral(function: str) -> None:
    """What could not be read must not look like what does not exist, where the healthy node tells it."""
    before = parsed("healthy on R590").gpus[0]
    node = node_in("healthy on R590")
    node.errors[function] = 999
    after = parse_nvml(told(node)).gpus[0]
    gone = {name for name in absences(after) if name not in absences(before)}
    assert {name for name in gone if getattr(after, name) in NEUTRAL} == set()


# ── hostile and garbled ──

_GARBAGE: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1.5, True, [], [[[]]], {}, {"x": 1}, {"!": None}, {"!": []}, {"!": "x"}, {"!": 3}, 10**30]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from spots(value[key], (*path, key))


_TOLD = told(pair_in("three links down"))
_SPOTS = sorted(spots(_TOLD["gpus"][1]), key=str)


@given(path=st.sampled_from(_SPOTS), garbage=_GARBAGE)
def test_garbage_in_the_place_of_an_answer_is_never_a_healthier_one(path: tuple[Any, ...], garbage: Any) -> None:
    data = json.loads(json.dumps(_TOLD))
    place = data["gpus"][1]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = garbage
    before, after = parse_nvml(_TOLD).gpus[1], parse_nvml(data).gpus
    assert any(not set(changes(before, gpu)) for gpu in after)


@given(data=_JSON)
def test_any_json_is_a_reading_or_unreadable(data: Any) -> None:
    try:
        found = parse_nvml(data)
    except UnreadableError:
        found = GpuSection(source="nvml")
    assert found.source == "nvml"


@given(gpu=st.dictionaries(st.sampled_from(sorted(_TOLD["gpus"][1])), _JSON, max_size=examples(12)))
def test_any_answers_make_a_gpu(gpu: dict[str, Any]) -> None:
    found = parse_nvml({"gpus": [gpu]})
    assert len(found.gpus) == 1
    assert found.driver_version is Absent.MISSING


def test_answers_nested_without_end_are_no_trouble() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    assert parse_nvml({"gpus": [{"uuid": nested, "links": {"state": nested}}]}).gpus[0].uuid is Absent.ERROR


def test_texts_are_harmless_and_short() -> None:
    gpu = parse_nvml({"gpus": [{"name": "\x1b]0;x\x07" * 100, "serial": " 12 ", "uuid": "", "part": "\ud800"}]}).gpus[0]
    assert "\x1b" not in str(gpu.name)
    assert (gpu.serial, gpu.uuid, gpu.board_part_number) == ("12", Absent.NOT_AVAILABLE, "\\ud800")


@pytest.mark.parametrize("bad", [None, [], "x", 1, {}, {"gpus": {}}, {"gpus": [1]}, {"gpus": [{}] * 65}])
def test_what_is_no_gpu_section_is_unreadable(bad: object) -> None:
    with pytest.raises(UnreadableError):
        parse_nvml(bad)


@pytest.mark.gpu
def test_real_hardware_is_told() -> None:
    if not Path("/dev/nvidiactl").exists():
        pytest.skip("there is no NVIDIA driver on this machine (/dev/nvidiactl)")
    found = parse_nvml(json.loads(json.dumps(section.read("/", {}))))
    assert found.gpus
    assert all(gpu.pci_address and isinstance(gpu.temperature_c, int) for gpu in found.gpus)
