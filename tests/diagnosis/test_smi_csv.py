from __future__ import annotations

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.smi_csv import looks_like_smi_csv, parse_smi_csv
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.smi_texts import csv

ROW = {
    "count": "2",
    "driver_version": "580.95.05",
    "pci.bus_id": "00000000:1B:00.0",
    "serial": "1650123000001",
    "pci.device_id": "0x233010DE",
    "inforom.checksum_validation": "valid",
    "gpu_recovery_action": "None",
    "clocks_event_reasons.active": "0x0000000000000088",
    "memory.total [MiB]": "81559 MiB",
    "ecc.errors.corrected.volatile.device_memory": "3",
    "ecc.errors.uncorrected.aggregate.sram.parity": "1",
    "ecc.errors.uncorrected.aggregate.sram.secded": "2",
    "remapped_rows.pending": "No",
    "remapped_rows.histogram.max": "2560",
    "remapped_rows.histogram.high": "0",
    "remapped_rows.histogram.partial": "0",
    "remapped_rows.histogram.low": "0",
    "remapped_rows.histogram.none": "0",
    "clocks.applications.graphics [MHz]": "[Requested functionality has been deprecated]",
    "power.draw [W]": "631.95 W",
    "fabric.state": "Completed",
    "fabric.status": "Success",
    "some.new.column": "whatever",
    "index": "0",
}
OTHER = {**ROW, "pci.bus_id": "00000000:1C:00.0", "index": "1"}


def test_each_row_is_a_gpu_and_what_was_not_asked_for_is_missing() -> None:
    section = parse_smi_csv(csv(OTHER, ROW))
    assert (section.told_count, section.driver_version) == (2, "580.95.05")
    assert [(gpu.index, gpu.pci_address) for gpu in section.gpus] == [(0, "0000:1b:00.0"), (1, "0000:1c:00.0")]
    gpu = section.gpus[0]
    assert (gpu.memory_total_bytes, gpu.power_w, gpu.throttle_reasons) == (81559 << 20, 631.95, 0x88)
    assert (gpu.dram_corrected_volatile_count, gpu.sram_uncorrected_aggregate_count) == (3, 3)
    assert (gpu.remap_pending, gpu.inforom_valid, gpu.device_id) == (False, True, "10de:2330")
    assert gpu.remap_banks == {"max": 2560, "high": 0, "partial": 0, "low": 0, "none": 0}
    assert gpu.application_sm_clock_mhz is Absent.DEPRECATED
    assert gpu.remap_failure is gpu.processes is gpu.temperature_c is Absent.MISSING


def test_units_stand_with_the_value_or_with_nounits_in_the_header_alone() -> None:
    plain = {name: word.removesuffix(" MiB").removesuffix(" W") for name, word in ROW.items()}
    assert (
        parse_smi_csv(csv(plain, plain | {"pci.bus_id": "00000000:1C:00.0"})).gpus[0]
        == parse_smi_csv(csv(ROW, OTHER)).gpus[0]
    )
    other_unit = {name.replace("MiB", "GiB"): word for name, word in plain.items()}
    other_gpu = {**other_unit, "pci.bus_id": "00000000:1C:00.0"}
    assert parse_smi_csv(csv(other_unit, other_gpu)).gpus[0].memory_total_bytes is Absent.ERROR


def test_reasons_asked_for_one_by_one_are_a_mask_if_all_of_them_were() -> None:
    names = ("gpu_idle", "applications_clocks_setting", "sw_power_cap", "hw_slowdown", "hw_thermal_slowdown")
    more = ("hw_power_brake_slowdown", "sync_boost", "sw_thermal_slowdown")
    row = {f"clocks_throttle_reasons.{name}": "Not Active" for name in (*names, *more)}
    row["clocks_throttle_reasons.hw_thermal_slowdown"] = "Active"
    assert parse_smi_csv(csv(row)).gpus[0].throttle_reasons == 0x40
    del row["clocks_throttle_reasons.hw_slowdown"]
    assert parse_smi_csv(csv(row)).gpus[0].throttle_reasons is Absent.MISSING


@pytest.mark.parametrize("word", ["[GPU is lost]", "GPU is lost"])
def test_a_lost_gpu_is_lost(word: str) -> None:
    assert parse_smi_csv(csv(ROW, {**OTHER, "power.draw [W]": word})).gpus[1].lost


def test_a_gpu_that_could_not_be_got_hold_of_counts() -> None:
    said = "Unable to determine the device handle for GPU1: 0000:1C:00.0: Unknown Error\n"
    section = parse_smi_csv(csv(ROW) + said)
    assert [(gpu.pci_address, gpu.lost) for gpu in section.gpus] == [("0000:1b:00.0", False), ("0000:1c:00.0", True)]


def test_the_last_cell_of_a_text_without_an_end_is_not_believed() -> None:
    section = parse_smi_csv(csv(ROW, OTHER).removesuffix("\n"))
    assert [gpu.index for gpu in section.gpus] == [0, Absent.MISSING]


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "0, NVIDIA H100, 580.95.05\n",
        'Field "gpu_recovery_action" is not a valid field to query.\n',
        csv(ROW),
        csv(ROW, OTHER)[:-100],
        csv({name: word for name, word in ROW.items() if name != "count"}).split("\n")[0] + "\n",
        csv(*({**ROW, "pci.bus_id": f"00000000:{bus:02X}:00.0"} for bus in range(65))),
        csv(ROW, OTHER) + "a, b\n",
    ],
)
def test_what_is_cut_or_has_no_header_is_unreadable(garbled: str) -> None:
    with pytest.raises(UnreadableError):
        parse_smi_csv(garbled)


def test_what_nvidia_smi_refused_is_in_the_sentence() -> None:
    with pytest.raises(UnreadableError, match="not a valid field"):
        parse_smi_csv('Field "banana" is not a valid field to query.\n')


@pytest.mark.parametrize(
    ("line", "is_header"),
    [
        ("index, name, pstate", True),
        ("memory.total [MiB]", True),
        ("name, some.column, serial", True),
        ("a, name, b", False),
        ("0, NVIDIA H100", False),
        ("", False),
    ],
)
def test_a_header_is_known_by_its_columns(line: str, *, is_header: bool) -> None:
    assert looks_like_smi_csv(line) == is_header


def test_of_several_rows_of_one_gpu_the_last_one_holds() -> None:
    later = {**ROW, "remapped_rows.pending": "Yes"}
    assert [gpu.remap_pending for gpu in parse_smi_csv(csv(ROW, OTHER, later, OTHER)).gpus] == [True, False]
