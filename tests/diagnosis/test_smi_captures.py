"""What nvidia-smi has really printed, on nodes that are not ours: each file's facts, one by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.gpu import Gpu, GpuProcess, GpuSection, NvLink
from aifctl.diagnosis.smi_csv import parse_smi_csv
from aifctl.diagnosis.smi_nvlink import parse_smi_list, parse_smi_nvlink
from aifctl.diagnosis.smi_text import parse_smi_text
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError

_FOLDER = Path(os.environ.get("AIFCTL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures")) / "nvidia-smi"

pytestmark = pytest.mark.captures

#: What no `nvidia-smi -q` has a word for.
_UNTOLD = {
    "index",
    "inforom_valid",
    "pcie_errors",
    "nvlinks",
    "nvlink_replay_count",
    "nvlink_recovery_count",
    "nvlink_crc_count",
}


@pytest.fixture
def capture() -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        file = _FOLDER / name
        if not file.exists():
            pytest.skip(f"there is no {file}; AIFCTL_CAPTURES names the folder of captures")
        return file.read_bytes()

    return read


@pytest.fixture
def command(capture: Callable[[str], bytes]) -> Callable[[str, str], str]:
    """Return what one command printed, cut out of a file of several: `idle` or `load`, and how its heading begins."""

    def cut(phase: str, heading: str) -> str:
        whole = capture("nvidia_gpu_exporter.h100-80gb-hbm3.590.capture.txt").decode()
        bar = "#" * 80 + "\n"
        parts = whole.split(bar)
        at = next(at for at, part in enumerate(parts) if part.startswith(f"# {phase} :: {heading}"))
        return parts[at + 1]

    return cut


def missing(gpu: Gpu) -> set[str]:
    """Return what should have been told and was not."""
    values = {name: getattr(gpu, name) for name in Gpu.__dataclass_fields__}
    return {name for name, value in values.items() if isinstance(value, Absent) and value not in NEUTRAL}


def each(section: GpuSection, name: str) -> set[object]:
    return {getattr(gpu, name) for gpu in section.gpus}


def test_eight_healthy_h100_of_driver_580(capture: Callable[[str], bytes]) -> None:
    section = parse_smi_xml(capture("k8s-test-infra.qx-h100x8.healthy.580.xml"))
    assert (section.driver_version, section.cuda_version, section.told_count) == ("580.105.08", "13.0", 8)
    assert len({gpu.pci_address for gpu in section.gpus}) == len({gpu.serial for gpu in section.gpus}) == 8
    assert {frozenset(missing(gpu)) for gpu in section.gpus} == {frozenset(_UNTOLD)}
    assert each(section, "device_id") == {"10de:2330"}
    assert each(section, "recovery_action") == {"none"}
    assert each(section, "throttle_reasons") == {0x1}
    assert each(section, "power_limit_w") == {700.0}
    assert {gpu.remap_failure or gpu.remap_pending or gpu.sram_threshold_exceeded for gpu in section.gpus} == {False}
    assert each(section, "retired_pending") == {Absent.NOT_AVAILABLE}
    assert (each(section, "fabric_state"), each(section, "fabric_status")) == ({"completed"}, {"success"})
    assert each(section, "fabric_health") == {Absent.NOT_AVAILABLE}
    replays = sorted(gpu.pcie_replay_count for gpu in section.gpus if isinstance(gpu.pcie_replay_count, int))
    assert (len(replays), replays[0], replays[-1]) == (8, 106, 174)
    assert {known for gpu in section.gpus if isinstance(known := gpu.margin_c, int)} <= set(range(55, 59))
    assert not any(gpu.lost or gpu.requires_reset for gpu in section.gpus)
    assert max(gpu.sw_power_cap_us for gpu in section.gpus if isinstance(gpu.sw_power_cap_us, int)) > 7_000_000_000


def test_a_healthy_a100_of_driver_570(capture: Callable[[str], bytes]) -> None:
    (gpu,) = parse_smi_xml(capture("k8s-test-infra.qx-a100x1.healthy.570.xml")).gpus
    assert missing(gpu) == _UNTOLD
    assert (gpu.power_w, gpu.slowdown_temperature_c, gpu.shutdown_temperature_c) == (49.68, 89, 92)
    assert gpu.fabric_state is Absent.NOT_AVAILABLE
    assert gpu.channel_repair_pending is gpu.hw_power_brake_us is gpu.limit_slowdown_c is Absent.NOT_SUPPORTED
    assert (gpu.requires_reset, gpu.recovery_action) == (False, "none")


def test_a_lost_gpu_beside_one_that_is_not(capture: Callable[[str], bytes]) -> None:
    section = parse_smi_xml(capture("k8s-test-infra.mock.qx-gb200-lost.xml"))
    assert [gpu.lost for gpu in section.gpus] == [False, True]
    assert section.gpus[1].remap_failure is section.gpus[1].temperature_c is Absent.LOST
    assert not isinstance(section.gpus[1].serial, Absent)


def test_a_gpu_whose_remapping_has_failed(capture: Callable[[str], bytes]) -> None:
    section = parse_smi_xml(capture("k8s-test-infra.mock.qx-gb200-ecc-injected.xml"))
    assert [(gpu.remap_failure, gpu.dram_uncorrected_volatile_count) for gpu in section.gpus] == [(True, 5), (False, 0)]


def test_counters_of_low_clocks_and_a_fabric_that_tells_its_health(capture: Callable[[str], bytes]) -> None:
    section = parse_smi_xml(capture("k8s-test-infra.mock.qx-gb200-throttle-counters.xml"))
    assert [gpu.sw_power_cap_us for gpu in section.gpus] == [39595, 0]
    assert each(section, "fabric_health") == {"healthy"}


def test_eight_h100_whose_power_brake_is_on(capture: Callable[[str], bytes]) -> None:
    section = parse_smi_text(capture("gpud.smi-q.h100x8.535.161.ALL8-hw-power-brake.txt"))
    assert (section.driver_version, section.told_count, len(section.gpus)) == ("535.161.08", 8, 8)
    assert each(section, "throttle_reasons") == {0x88}
    assert {frozenset(missing(gpu)) for gpu in section.gpus} == {frozenset(_UNTOLD)}
    assert each(section, "sram_threshold_exceeded") == {False}
    assert each(section, "recovery_action") == {Absent.NOT_SUPPORTED}


def test_an_a10_that_has_rows_to_remap(capture: Callable[[str], bytes]) -> None:
    (gpu,) = parse_smi_text(capture("gpud.smi-q.a10x1.535.129.row-remap-PENDING.txt")).gpus
    assert (gpu.remap_pending, gpu.remap_failure, gpu.remap_uncorrected_count) == (True, False, 4)
    assert missing(gpu) == _UNTOLD
    assert gpu.sram_threshold_exceeded is Absent.NOT_SUPPORTED


def test_a_cut_text_is_unreadable(capture: Callable[[str], bytes]) -> None:
    with pytest.raises(UnreadableError):
        parse_smi_text(capture("gpud.smi-q.h100.truncated-invalid.txt"))


def test_eighteen_links_that_are_up(capture: Callable[[str], bytes]) -> None:
    (gpu,) = parse_smi_nvlink(capture("nvidia_gpu_exporter.nvlink-s.h100x1.18links.txt")).gpus
    assert gpu.nvlinks == tuple(NvLink(index=number, active=True, rate_gbytes_s=26.562) for number in range(18))


def test_an_a100_none_of_whose_links_is_up(capture: Callable[[str], bytes]) -> None:
    (gpu,) = parse_smi_nvlink(capture("aznhc.nvlink-s.a100.all-inactive.txt")).gpus
    assert (gpu.index, gpu.name) == (6, "NVIDIA A100-SXM4-80GB")
    assert isinstance(gpu.nvlinks, tuple)
    assert {link.active for link in gpu.nvlinks} == {False}


@pytest.mark.parametrize(("phase", "reasons", "processes_count"), [("idle", 0x1, 0), ("load", 0x0, 3)])
def test_an_h100_of_driver_590(
    command: Callable[[str, str], str], phase: str, reasons: int, processes_count: int
) -> None:
    (gpu,) = parse_smi_text(command(phase, "query (-q)")).gpus
    assert missing(gpu) == _UNTOLD
    assert (gpu.throttle_reasons, gpu.unrepairable_memory, gpu.recovery_action) == (reasons, False, "none")
    assert gpu.application_sm_clock_mhz is Absent.DEPRECATED
    assert isinstance(gpu.processes, tuple)
    assert len(gpu.processes) == processes_count
    if processes_count:
        assert GpuProcess(pid=11345, name="./gpu_burn", memory_bytes=15690 << 20) in gpu.processes


def test_the_same_h100_as_csv(command: Callable[[str, str], str]) -> None:
    text, table = command("load", "query (-q)"), command("load", "query-gpu (csv")
    (told,), section = parse_smi_text(text).gpus, parse_smi_csv(table)
    (gpu,) = section.gpus
    assert (section.driver_version, section.told_count) == ("590.48.01", 1)
    same = set(Gpu.__dataclass_fields__) - missing(gpu) - {"serial", "index", "inforom_valid"}
    moving = {
        "temperature_c",
        "memory_temperature_c",
        "margin_c",
        "power_w",
        "utilization_pct",
        "memory_utilization_pct",
    }
    differs = {name for name in same - moving if getattr(gpu, name) != getattr(told, name)}
    assert differs <= {"memory_used_bytes", "fabric_cluster_uuid", "module_id", "pcie_replay_count"}
    assert {"remap_banks", "throttle_reasons", "sram_threshold_exceeded", "recovery_action", "fabric_state"} <= same
    assert (gpu.index, gpu.inforom_valid) == (0, True)


def test_the_list_of_gpus(command: Callable[[str, str], str]) -> None:
    (gpu,) = parse_smi_list(command("capabilities", "list (-L)")).gpus
    assert (gpu.index, gpu.name) == (0, "NVIDIA H100 80GB HBM3")


def test_another_commands_output_is_not_taken_for_one_of_these(command: Callable[[str, str], str]) -> None:
    for heading in ("nvidia-smi (default table)", "pmon", "dmon", "query-compute-apps"):
        for parse in (parse_smi_xml, parse_smi_text, parse_smi_csv, parse_smi_nvlink, parse_smi_list):
            with pytest.raises(UnreadableError):
                parse(command("load", heading))
