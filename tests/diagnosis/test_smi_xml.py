from __future__ import annotations

from dataclasses import fields

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuProcess
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.smi_texts import ADDRESS, healthy, xml

#: What nvidia-smi -q has no word for.
UNTOLD = {
    "index",
    "inforom_valid",
    "pcie_errors",
    "nvlinks",
    "nvlink_replay_count",
    "nvlink_recovery_count",
    "nvlink_crc_count",
}


def gpu_of(**changed: str) -> Gpu:
    (gpu,) = parse_smi_xml(xml(healthy(**changed))).gpus
    return gpu


def without(*names: str) -> Gpu:
    words = {path: word for path, word in healthy().items() if not path.startswith(names)}
    (gpu,) = parse_smi_xml(xml(words)).gpus
    return gpu


def test_a_healthy_node_tells_everything_that_nvidia_smi_has_a_word_for() -> None:
    section = parse_smi_xml(xml(healthy(), healthy()))
    assert (section.source, section.driver_version, section.cuda_version) == ("nvidia-smi-xml", "580.95.05", "13.0")
    assert section.told_count == 2
    assert [gpu.pci_address for gpu in section.gpus] == ["0000:1b:00.0", "0000:1c:00.0"]
    gpu = section.gpus[0]
    assert {field.name for field in fields(Gpu) if getattr(gpu, field.name) is Absent.MISSING} == UNTOLD
    assert (gpu.device_id, gpu.module_id, gpu.serial) == ("10de:2330", 3, "1650123000001")
    assert (gpu.sram_uncorrected_volatile_count, gpu.sram_uncorrected_aggregate_count) == (5, 15)
    assert (gpu.dram_corrected_volatile_count, gpu.dram_uncorrected_aggregate_count) == (4, 10)
    assert (gpu.limit_shutdown_c, gpu.limit_slowdown_c, gpu.limit_max_operating_c, gpu.margin_c) == (-8, -2, 0, 56)
    assert gpu.remap_banks == {"max": 2559, "high": 1, "partial": 0, "low": 0, "none": 0}
    assert (gpu.power_w, gpu.memory_total_bytes, gpu.sw_power_cap_us) == (69.53, 81559 << 20, 7_015_000_000)
    assert (gpu.throttle_reasons, gpu.recovery_action, gpu.processes) == (1, "none", ())


@pytest.mark.parametrize(
    ("reason", "bit"),
    [("sw_power_cap", 0x4), ("hw_slowdown", 0x8), ("sw_thermal_slowdown", 0x20), ("hw_power_brake_slowdown", 0x80)],
)
@pytest.mark.parametrize("kind", ["event", "throttle"])
def test_reasons_for_low_clocks_are_a_mask_under_their_old_name_and_their_new(reason: str, bit: int, kind: str) -> None:
    words = {
        path.replace("clocks_event_reason", f"clocks_{kind}_reason") if "counters" not in path else path: word
        for path, word in healthy().items()
    }
    words[f"clocks_{kind}_reasons/clocks_{kind}_reason_{reason}"] = "Active"
    (gpu,) = parse_smi_xml(xml(words)).gpus
    assert gpu.throttle_reasons == 0x1 | bit


def test_one_reason_that_is_not_told_leaves_none_told() -> None:
    reasons = "clocks_event_reasons/clocks_event_reason_"
    assert without(f"{reasons}hw_slowdown").throttle_reasons is Absent.MISSING
    assert gpu_of(**{f"{reasons}hw_slowdown".replace("/", "__"): "Unknown Error"}).throttle_reasons is Absent.ERROR
    assert gpu_of(**{f"{reasons}sync_boost".replace("/", "__"): "N/A"}).throttle_reasons == 1


def test_a_lost_gpu_is_lost_and_what_it_did_not_tell_is_too() -> None:
    gpu = gpu_of(temperature__gpu_temp="GPU is lost", fabric__state="GPU is lost")
    assert gpu.lost
    assert gpu.temperature_c is gpu.fabric_state is gpu.inforom_valid is Absent.LOST
    assert gpu.serial == "1650123000001"


def test_a_section_of_which_only_a_reason_is_told_gives_it_to_all_its_fields() -> None:
    words = {path: word for path, word in healthy().items() if not path.startswith("remapped_rows")}
    (gpu,) = parse_smi_xml(xml({**words, "remapped_rows": "GPU is lost"})).gpus
    assert gpu.remap_pending is gpu.remap_failure is gpu.remap_banks is Absent.LOST
    (old,) = parse_smi_xml(xml({**words, "remapped_rows": "N/A"})).gpus
    assert old.remap_pending is old.remap_banks is Absent.NOT_AVAILABLE


def test_a_gpu_that_requires_a_reset_says_so_anywhere() -> None:
    assert gpu_of(utilization__gpu_util="GPU requires reset").requires_reset
    assert gpu_of(gpu_reset_status__reset_required="Yes").requires_reset
    assert not gpu_of(gpu_reset_status__reset_required="No").requires_reset
    assert not gpu_of(gpu_reset_status__reset_required="Requested functionality has been deprecated").requires_reset


def test_drain_and_reset_was_recommended_before_there_was_a_recovery_action() -> None:
    words = {path: word for path, word in healthy().items() if path != "gpu_recovery_action"}
    recommended = {**words, "gpu_reset_status/drain_and_reset_recommended": "Yes"}
    (gpu,) = parse_smi_xml(xml(recommended, driver="535.161.08")).gpus
    assert gpu.recovery_action == "drain-and-reset"
    (gpu,) = parse_smi_xml(xml(words, driver="535.161.08")).gpus
    assert gpu.recovery_action is Absent.NOT_SUPPORTED


def test_a_missing_field_is_excused_by_an_old_driver_alone() -> None:
    assert without("gpu_recovery_action").recovery_action is Absent.MISSING
    assert without("ecc_errors/aggregate/sram_threshold").sram_threshold_exceeded is Absent.MISSING
    assert without("remapped_rows").remap_failure is Absent.MISSING
    assert without("processes").processes is Absent.MISSING
    assert without("remapped_rows/row_remapper_histogram/row_remapper_histogram_low").remap_banks is Absent.MISSING


def test_the_layouts_of_older_chips_and_drivers_are_read() -> None:
    words = {path: word for path, word in healthy().items() if not path.startswith(("ecc_errors", "gpu_power", "temp"))}
    words |= {
        "ecc_errors/volatile/sram_uncorrectable": "4",
        **{f"ecc_errors/aggregate/double_bit/{place}": "1" for place in ("register_file", "l2_cache")},
        **{
            f"ecc_errors/aggregate/double_bit/{place}": "N/A" for place in ("l1_cache", "texture_memory", "texture_shm")
        },
        "ecc_errors/aggregate/double_bit/cbu": "3",
        "ecc_errors/aggregate/double_bit/device_memory": "9",
        "power_readings/power_draw": "251.10 W",
        "power_readings/enforced_power_limit": "400.00 W",
        "temperature/gpu_temp": "33 C",
        "temperature/gpu_temp_max_threshold": "92 C",
        "temperature/gpu_temp_slow_threshold": "89 C",
        "pci/pci_device_id": "1DB110DE",
    }
    (gpu,) = parse_smi_xml(xml(words, driver="470.57.02")).gpus
    assert gpu.sram_uncorrected_volatile_count == 4
    assert (gpu.sram_uncorrected_aggregate_count, gpu.dram_uncorrected_aggregate_count) == (5, 9)
    assert (gpu.power_w, gpu.power_limit_w) == (251.1, 400.0)
    assert (gpu.slowdown_temperature_c, gpu.shutdown_temperature_c) == (89, 92)
    assert gpu.limit_slowdown_c is gpu.margin_c is Absent.NOT_SUPPORTED


def test_power_is_the_average_where_there_is_one() -> None:
    assert gpu_of(gpu_power_readings__instant_power_draw="80.00 W").power_w == 69.53
    both = {"gpu_power_readings__average_power_draw": "N/A", "gpu_power_readings__instant_power_draw": "80.00 W"}
    assert gpu_of(**both).power_w == 80.0
    assert gpu_of(**{**both, "gpu_power_readings__average_power_draw": "Unknown Error"}).power_w is Absent.ERROR


@pytest.mark.parametrize(
    ("summary", "detail", "word", "health"),
    [
        ("Healthy", "route_unhealthy", "False", "healthy"),
        ("Healthy", "route_unhealthy", "True", "unhealthy"),
        ("Healthy", "bandwidth", "Degraded", "limited-capacity"),
        ("Limited Capacity", "bandwidth", "Full", "limited-capacity"),
        ("Unhealthy", "bandwidth", "Full", "unhealthy"),
        ("Healthy", "access_timeout_recovery", "GPU requires reset", Absent.REQUIRES_RESET),
        ("N/A", "route_unhealthy", "True", "unhealthy"),
    ],
)
def test_the_fabrics_health_is_the_worse_of_its_summary_and_its_parts(
    summary: str, detail: str, word: str, health: object
) -> None:
    fine = {"bandwidth": "Full", "route_recovery_in_progress": "False", "route_unhealthy": "False"}
    parts = {**fine, "access_timeout_recovery": "False", "summary": summary, detail: word}
    assert gpu_of(**{f"fabric__health__{name}": told for name, told in parts.items()}).fabric_health == health


def test_a_fabric_that_is_not_yet_registered_has_no_status() -> None:
    gpu = gpu_of(fabric__state="In Progress", fabric__status="Success")
    assert (gpu.fabric_state, gpu.fabric_status) == ("in-progress", Absent.NOT_AVAILABLE)


def test_compute_processes_are_listed_and_graphics_left_out() -> None:
    process = (
        "<process_info><gpu_instance_id>N/A</gpu_instance_id><pid>{pid}</pid><type>{kind}</type>"
        "<process_name>{name}</process_name><used_memory>{used}</used_memory></process_info>"
    )
    listed = "".join(
        process.format(pid=pid, kind=kind, name=name, used=used)
        for pid, kind, name, used in (
            (4711, "C", "python3 &amp; more", "70000 MiB"),
            (12, "G", "/usr/lib/xorg/Xorg", "4 MiB"),
            (13, "C+G", "[Insufficient Permissions]", "N/A"),
        )
    )
    assert gpu_of(processes=listed).processes == (
        GpuProcess(pid=4711, name="python3 & more", memory_bytes=70000 << 20),
        GpuProcess(pid=13, name="", memory_bytes=Absent.NOT_AVAILABLE),
    )
    assert gpu_of(processes=listed.replace("4711", "?")).processes is Absent.ERROR
    assert gpu_of(processes="N/A").processes is Absent.NOT_AVAILABLE
    assert gpu_of(processes="\n\t\t").processes == ()


def test_fewer_gpus_than_are_attached_are_told_as_such() -> None:
    section = parse_smi_xml(xml(healthy(), attached=8))
    assert (section.told_count, len(section.gpus)) == (8, 1)


def test_a_gpu_that_nvidia_smi_could_not_get_hold_of_is_lost() -> None:
    said = "Unable to determine the device handle for GPU0000:5D:00.0: Unknown Error\n"
    section = parse_smi_xml(said + xml(healthy(), attached=2))
    assert [(gpu.pci_address, gpu.lost) for gpu in section.gpus] == [("0000:1b:00.0", False), ("0000:5d:00.0", True)]


def test_a_warning_behind_the_log_tells_of_a_corrupt_inforom() -> None:
    section = parse_smi_xml(xml(healthy(), healthy()) + "WARNING: infoROM is corrupted at gpu 0000:1C:00.0\n")
    assert [gpu.inforom_valid for gpu in section.gpus] == [Absent.MISSING, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        b"\x00\xff\xfe",
        xml(healthy()).replace("</nvidia_smi_log>", ""),
        xml(healthy(), healthy())[:5000],
        xml(healthy()).replace("<serial>", "<serial"),
        xml(healthy()).replace("nvidia_smi_log>", "nvidia_smi_log >", 1).replace("</gpu>", ""),
        xml(healthy(serial="\x1b[2J")),
        xml(healthy(serial="&boom;")),
        "<nvidia_smi_log></nvidia_smi_log>",
        "<nvidia_smi_log>" + "<a>" * 5000 + "</a>" * 5000 + "</nvidia_smi_log>",
        xml(*[healthy()] * 65),
        xml(healthy(), healthy(), addresses=[ADDRESS, ADDRESS]),
        xml(healthy(**{f"made_up_{number}": "1" for number in range(5000)})),
    ],
)
def test_what_is_cut_or_garbled_is_unreadable(text: str | bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_smi_xml(text)


def test_entities_are_neither_expanded_nor_followed() -> None:
    doctype = '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">'
    for inside in (
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY % b SYSTEM "http://127.0.0.1:9/">%b;',
    ):
        bomb = xml(healthy(serial="&b;")).replace(doctype, f"<!DOCTYPE nvidia_smi_log [{inside}]>")
        with pytest.raises(UnreadableError):
            parse_smi_xml(bomb)
    embedded = xml(healthy()).replace(doctype, "<!DOCTYPE nvidia_smi_log [<!ELEMENT serial (#PCDATA)>]>")
    assert parse_smi_xml(embedded) == parse_smi_xml(xml(healthy()))


def test_what_is_longer_than_nvidia_smi_ever_prints_is_refused() -> None:
    with pytest.raises(UnreadableError, match="longer"):
        parse_smi_xml(b"x" * ((8 << 20) + 1))


def test_the_encoding_that_a_text_claims_is_not_looked_up() -> None:
    claimed = xml(healthy()).replace('version="1.0"', 'version="1.0" encoding="rot13"')
    assert parse_smi_xml(claimed) == parse_smi_xml(xml(healthy()))


def test_two_words_for_one_thing_are_none() -> None:
    twice = xml(healthy()).replace("<serial>", "<serial>1650999</serial>\n<serial>")
    assert parse_smi_xml(twice).gpus[0].serial is Absent.ERROR
