"""The GPUs beneath a simulated node's probe: the real module's constants and errors, a healthy node's values, every fault."""

from __future__ import annotations

import ctypes
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pynvml
import pytest

from aifctl.onnode.probe.sections import gpu as section
from aifctl.sim.hardware.boards import LINKS, Board
from aifctl.sim.hardware.fake_nvml import FakeNvml
from aifctl.sim.hardware.gpus import GpuHardware
from aifctl.sim.hardware.nvml_answers import ANSWERS
from aifctl.sim.hardware.nvml_history import FUNCTIONS, knows_field, knows_function
from aifctl.sim.node.parts import Gpu

_FOLDER = Path(os.environ.get("AIFCTL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures")) / "nvidia-smi"
_HEALTHY = _FOLDER / "k8s-test-infra.qx-h100x8.healthy.580.xml"


def read(node: GpuHardware) -> Any:
    return section.read("/nonexistent", {"nvml": node.nvml()})


# ── the module ──


def test_constants_structures_and_errors_are_the_real_modules() -> None:
    nvml = GpuHardware.healthy().nvml()
    assert nvml.NVML_ERROR_GPU_IS_LOST == 15
    assert nvml.NVMLError_GpuIsLost is pynvml.NVMLError_GpuIsLost
    assert nvml.nvmlPciInfo_t is pynvml.nvmlPciInfo_t
    assert nvml.nvmlGpuFabricInfo_v3 == pynvml.nvmlGpuFabricInfo_v3


def test_what_it_answers_the_real_module_has() -> None:
    assert [name for name in ANSWERS if not callable(getattr(pynvml, name, None))] == []
    assert [name for name in FUNCTIONS if not callable(getattr(pynvml, name, None))] == []


def test_a_function_that_nobody_has_is_none_of_the_modules() -> None:
    with pytest.raises(AttributeError):
        GpuHardware.healthy().nvml().nvmlDeviceGetColour  # noqa: B018 - looking it up is what is tried


def test_a_function_that_is_not_simulated_is_not_supported_and_asks_no_real_driver() -> None:
    nvml = GpuHardware.healthy().nvml()
    with pytest.raises(pynvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetFanSpeed(nvml.nvmlDeviceGetHandleByIndex(0))


@pytest.mark.parametrize(("index", "code"), [(-1, 2), (8, 2)])
def test_there_are_eight(index: int, code: int) -> None:
    nvml = GpuHardware.healthy().nvml()
    assert nvml.nvmlDeviceGetCount() == 8
    with pytest.raises(pynvml.NVMLError) as caught:
        nvml.nvmlDeviceGetHandleByIndex(index)
    assert caught.value.value == code


def test_a_gpu_is_found_by_either_spelling_of_its_address() -> None:
    nvml = GpuHardware.healthy().nvml()
    for address in ("0000:1b:00.0", "00000000:1B:00.0"):
        assert nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByPciBusId(address)) == nvml.boards[0].uuid
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetHandleByPciBusId("0000:02:00.0")


def test_a_function_from_after_the_drivers_time_is_not_found() -> None:
    nvml = GpuHardware.healthy(driver_version="535.161.08").nvml()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    for name in ("nvmlDeviceGetMarginTemperature", "nvmlDeviceGetRepairStatus"):
        with pytest.raises(pynvml.NVMLError_FunctionNotFound):
            getattr(nvml, name)(handle)
    assert nvml.nvmlDeviceGetFieldValues(handle, [230])[0].nvmlReturn == 2
    assert (knows_function("570.1", "nvmlDeviceGetTemperatureV"), knows_field("560.2", 230)) == (True, False)


def test_a_structure_of_the_wrong_version_is_refused() -> None:
    nvml = GpuHardware.healthy(driver_version="550.127.08").nvml()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(pynvml.NVMLError) as caught:
        nvml.nvmlDeviceGetGpuFabricInfoV(handle, ctypes.pointer(pynvml.c_nvmlGpuFabricInfo_v3_t()))
    assert caught.value.value == pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH


def test_a_hang_is_whatever_the_caller_makes_of_it() -> None:
    node, hung = GpuHardware.healthy(), []
    node.hang(lambda: hung.append(1))
    read(node)
    assert len(hung) == 8


# ── a healthy node ──


def test_the_same_seed_is_the_same_node_and_another_is_another() -> None:
    assert read(GpuHardware.healthy(seed=3)) == read(GpuHardware.healthy(seed=3))
    assert read(GpuHardware.healthy(seed=3)) != read(GpuHardware.healthy(seed=4))


def test_it_is_made_of_a_simulated_nodes_parts() -> None:
    part = Gpu(
        index=5,
        uuid="GPU-x",
        serial="1600000000001",
        bus="00000000:C3:00.0",
        temperature_c=40,
        memory_temperature_c=49,
        power_w=100.5,
    )
    node = GpuHardware.of([part], Random(1))  # noqa: S311 - a simulation that repeats itself, no secret
    told = read(node)["gpus"][0]
    assert (told["serial"], told["uuid"], told["pci"][0]) == (part.serial, part.uuid, part.bus)
    assert (told["temp"], told["fields"]["82"], told["power_mw"]) == (40, 49, 100500)
    assert node.addresses() == ["0000:c3:00.0"]


@pytest.mark.captures
def test_a_healthy_board_is_as_a_real_one() -> None:
    if not _HEALTHY.exists():
        pytest.skip(f"there is no {_HEALTHY}; AIFCTL_CAPTURES names the folder of captures")
    real = ET.parse(_HEALTHY).getroot().findall("gpu")  # noqa: S314 - a file of our own
    node = GpuHardware.healthy(driver_version="580.105.08")
    replays = [int(gpu.findtext("pci/replay_counter", "")) for gpu in real]
    for board in node.boards:
        assert 0 < board.replays <= max(replays)
        assert board.name == real[0].findtext("product_name")
        assert board.part == real[0].findtext("board_part_number")
        assert board.inforom == real[0].findtext("inforom_version/img_version")
        assert f"{board.limit_mw / 1000:.2f} W" == real[0].findtext("gpu_power_readings/current_power_limit")
        assert f"{board.memory_total_bytes >> 20} MiB" == real[0].findtext("fb_memory_usage/total")
        assert f"{board.clocks_max_mhz[1]} MHz" == real[0].findtext("max_clocks/sm_clock")
        assert f"{board.clocks_mhz[1]} MHz" == real[0].findtext("clocks/sm_clock")
        banks = "remapped_rows/row_remapper_histogram/row_remapper_histogram_max"
        assert f"{board.banks[0]} bank(s)" == real[0].findtext(banks)
        assert f"{board.fields[193]} C" == real[0].findtext("temperature/gpu_temp_max_tlimit_threshold")
        assert (board.fields[29], real[0].findtext("retired_pages/pending_retirement")) == (None, "N/A")
        assert board.temperature_c in {int(gpu.findtext("temperature/gpu_temp", "").split()[0]) for gpu in real}


# ── every fault ──

Fault = Callable[[GpuHardware], None]
Sign = Callable[[Any], object]

FAULTS: dict[str, tuple[Fault, Sign, object]] = {
    "lose": (lambda node: node.lose(0), lambda gpu: gpu.get("!"), 15),
    "lose_while_read": (lambda node: node.lose_while_read(0), lambda gpu: gpu["fields"], {"!": 15}),
    "require_reset": (lambda node: node.require_reset(0), lambda gpu: gpu["power_mw"], {"!": 16}),
    "count_sram_errors": (
        lambda node: node.count_sram_errors(3, 0, exceeded=True),
        lambda gpu: gpu["sram"],
        [0, 0, 3, 0, 0, 3, 1],
    ),
    "count_dram_errors": (
        lambda node: node.count_dram_errors(2, 0),
        lambda gpu: (gpu["dram_vu"], gpu["remap"][2]),
        (2, 1),
    ),
    "pend_remap": (lambda node: node.pend_remap(0), lambda gpu: gpu["remap"], [0, 1, 1, 0]),
    "fail_remap": (
        lambda node: node.fail_remap(0),
        lambda gpu: (gpu["remap"][3], gpu["banks"]),
        (1, [2559, 0, 0, 0, 1]),
    ),
    "corrupt_inforom": (lambda node: node.corrupt_inforom(0), lambda gpu: gpu["inforom_check"], {"!": 14}),
    "recommend": (lambda node: node.recommend(2, 0), lambda gpu: gpu["fields"]["230"], 2),
    "cut_links": (lambda node: node.cut_links(3, 0), lambda gpu: gpu["links"]["state"].count(0), 3),
    "stop_fabric_manager": (
        lambda node: node.stop_fabric_manager(),
        lambda gpu: (gpu["fabric"][0], sum(gpu["links"]["state"])),
        (1, 0),
    ),
    "delay_fabric": (lambda node: node.delay_fabric(), lambda gpu: gpu["fabric"][0], 2),
    "fail_fabric": (lambda node: node.fail_fabric(0), lambda gpu: gpu["fabric"][1], 999),
    "downtrain_pcie": (lambda node: node.downtrain_pcie(0), lambda gpu: (gpu["gen"], gpu["gen_max"]), (3, 5)),
    "brake": (lambda node: node.brake(), lambda gpu: gpu["reasons"], 0x89),
    "heat": (lambda node: node.heat(0), lambda gpu: (gpu["margin"], gpu["temp"]), (-3, 90)),
    "limit_power": (lambda node: node.limit_power(400, 0), lambda gpu: gpu["limit_mw"], 400_000),
    "skew_vbios": (lambda node: node.skew_vbios(0), lambda gpu: gpu["vbios"], "96.00.89.00.01"),
    "forget_persistence": (lambda node: node.forget_persistence(0), lambda gpu: gpu["persistence"], 0),
    "turn_ecc_off": (lambda node: node.turn_ecc_off(0, pending=1), lambda gpu: gpu["ecc"], [0, 1]),
    "turn_mig_on": (lambda node: node.turn_mig_on(0), lambda gpu: gpu["mig"], [1, 1]),
    "leave_process": (lambda node: node.leave_process(77, 0), lambda gpu: gpu["processes"], [[77, 1 << 30, ""]]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_probe_sees_each_fault(name: str) -> None:
    fault, sign, expected = FAULTS[name]
    node = GpuHardware.healthy(driver_version="590.48.01")
    fault(node)
    assert sign(read(node)["gpus"][0]) == expected


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_one_gpu_leaves_the_others_as_they_were(name: str) -> None:
    if name in {"stop_fabric_manager", "delay_fabric", "brake"}:
        return  # of the whole node
    node = GpuHardware.healthy(driver_version="590.48.01")
    healthy = read(node)["gpus"][1:]
    FAULTS[name][0](node)
    assert read(node)["gpus"][1:] == healthy


def test_a_fault_without_a_place_is_all_gpus() -> None:
    node = GpuHardware.healthy()
    node.brake()
    assert [board.throttle_reasons for board in node.boards] == [0x89] * 8


def test_a_gpu_that_is_removed_is_gone_and_one_that_is_excluded_is_told_of() -> None:
    node = GpuHardware.healthy()
    node.remove(0)
    node.exclude(0)
    assert (read(node)["count"], read(node)["excluded"], len(node.addresses())) == (6, 1, 7)


def test_links_are_cut_once() -> None:
    node = GpuHardware.healthy()
    node.cut_links(3, 0)
    node.cut_links(40, 0)
    assert [link.active for link in node.boards[0].links] == [False] * LINKS


def test_a_board_can_refuse_anything() -> None:
    board: Board = GpuHardware.healthy().boards[0]
    board.errors |= {"nvmlDeviceGetSerial": 4, 82: 999}
    nvml = FakeNvml([board])
    told = section.read("/nonexistent", {"nvml": nvml})["gpus"][0]
    assert (told["serial"], told["fields"]["82"]) == ({"!": 4}, {"!": 999})
