"""Output of nvidia-smi made up for tests: one tree of words, rendered as `-q -x`, as `-q` and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Words = dict[str, str]

ADDRESS = "00000000:1B:00.0"
DRIVER = "580.95.05"


def healthy(**changed: str) -> Words:
    """Return path (as in XML) → word of a GPU of an H100 node; underscores twice in a keyword stand for a slash."""
    return {**_H100, **{name.replace("__", "/"): word for name, word in changed.items()}}


def xml(*gpus: Words, driver: str = DRIVER, attached: int | None = None, addresses: Sequence[str] = ()) -> str:
    """Render as `nvidia-smi -q -x` does."""
    places = addresses or [address(number) for number in range(len(gpus))]
    blocks = [
        f'\t<gpu id="{place}">\n{_elements(words, 2)}\t</gpu>\n' for place, words in zip(places, gpus, strict=True)
    ]
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>\n'
        f"\t<timestamp>Tue Nov  3 10:00:00 2026</timestamp>\n\t<driver_version>{driver}</driver_version>\n"
        f"\t<cuda_version>13.0</cuda_version>\n\t<attached_gpus>{_attached(attached, gpus)}</attached_gpus>\n"
        f"{''.join(blocks)}\n</nvidia_smi_log>\n"
    )


def text(*gpus: Words, driver: str = DRIVER, attached: int | None = None, addresses: Sequence[str] = ()) -> str:
    """Render as `nvidia-smi -q` does."""
    places = addresses or [address(number) for number in range(len(gpus))]
    head = {"Timestamp": "Tue Nov  3 10:00:00 2026", "Driver Version": driver, "CUDA Version": "13.0"}
    lines = ["", "==============NVSMI LOG==============", "", *(_line(0, *one) for one in head.items()), ""]
    lines.append(_line(0, "Attached GPUs", _attached(attached, gpus)))
    for place, words in zip(places, gpus, strict=True):
        lines += [f"GPU {place}", *_lines(words), ""]
    return "\n".join(lines) + "\n"


def csv(*rows: Mapping[str, str]) -> str:
    """Render as `nvidia-smi --query-gpu` does; units stand in the names of the columns."""
    return "\n".join([", ".join(rows[0]), *(", ".join(row.values()) for row in rows)]) + "\n"


def address(number: int) -> str:
    return f"00000000:{0x1B + number:02X}:00.0"


def _attached(attached: int | None, gpus: Sequence[Words]) -> str:
    return str(len(gpus) if attached is None else attached)


def _elements(words: Words, depth: int) -> str:
    rendered = []
    for name, inner in _grouped(words).items():
        tabs = "\t" * depth
        if isinstance(inner, str):
            rendered.append(f"{tabs}<{name}>{inner}</{name}>\n")
        else:
            rendered.append(f"{tabs}<{name}>\n{_elements(inner, depth + 1)}{tabs}</{name}>\n")
    return "".join(rendered)


def _lines(words: Words) -> list[str]:
    """Return the same words below their names in the plain text."""
    lines: list[str] = []
    open_sections: list[str] = []
    for path, word in words.items():
        *sections, name = _AS_TEXT[path].split("/")
        same = 0
        while same < min(len(sections), len(open_sections)) and sections[same] == open_sections[same]:
            same += 1
        opened = range(same, len(sections))
        lines += ["    " * (at + 1) + sections[at] for at in opened if "/".join(sections[: at + 1]) not in _NAMES]
        open_sections = [*sections, name]
        lines.append(_line(len(sections) + 1, name, word))
    return lines


def _line(depth: int, name: str, word: str) -> str:
    return f"{'    ' * depth + name:<42}: {word}"


def _grouped(words: Words) -> dict[str, str | Words]:
    found: dict[str, str | Words] = {}
    for path, word in words.items():
        name, slash, rest = path.partition("/")
        if not slash:
            found[name] = word
            continue
        inner = found.setdefault(name, {})
        assert isinstance(inner, dict)
        inner[rest] = word
    return found


#: Path in XML, name in the text, the word of a healthy H100.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("product_name", "Product Name", "NVIDIA H100 80GB HBM3"),
    ("persistence_mode", "Persistence Mode", "Enabled"),
    ("mig_mode/current_mig", "MIG Mode/Current", "Disabled"),
    ("mig_mode/pending_mig", "MIG Mode/Pending", "Disabled"),
    ("serial", "Serial Number", "1650123000001"),
    ("uuid", "GPU UUID", "GPU-00000000-aaaa-bbbb-cccc-000000000001"),
    ("vbios_version", "VBIOS Version", "96.00.99.00.01"),
    ("board_part_number", "Board Part Number", "692-2G520-0200-000"),
    ("platformInfo/module_id", "Platform Info/Module Id", "3"),
    ("inforom_version/img_version", "Inforom Version/Image Version", "G520.0200.00.05"),
    ("gpu_recovery_action", "GPU Recovery Action", "None"),
    ("gsp_firmware_version", "GSP Firmware Version", DRIVER),
    ("pci/pci_device_id", "PCI/Device Id", "233010DE"),
    ("pci/pci_gpu_link_info/pcie_gen/max_link_gen", "PCI/GPU Link Info/PCIe Generation/Max", "5"),
    ("pci/pci_gpu_link_info/pcie_gen/current_link_gen", "PCI/GPU Link Info/PCIe Generation/Current", "5"),
    ("pci/pci_gpu_link_info/link_widths/max_link_width", "PCI/GPU Link Info/Link Width/Max", "16x"),
    ("pci/pci_gpu_link_info/link_widths/current_link_width", "PCI/GPU Link Info/Link Width/Current", "16x"),
    ("pci/replay_counter", "PCI/Replays Since Reset", "57"),
    ("performance_state", "Performance State", "P0"),
    ("clocks_event_reasons/clocks_event_reason_gpu_idle", "Clocks Event Reasons/Idle", "Active"),
    (
        "clocks_event_reasons/clocks_event_reason_applications_clocks_setting",
        "Clocks Event Reasons/Applications Clocks Setting",
        "Not Active",
    ),
    ("clocks_event_reasons/clocks_event_reason_sw_power_cap", "Clocks Event Reasons/SW Power Cap", "Not Active"),
    ("clocks_event_reasons/clocks_event_reason_hw_slowdown", "Clocks Event Reasons/HW Slowdown", "Not Active"),
    (
        "clocks_event_reasons/clocks_event_reason_hw_thermal_slowdown",
        "Clocks Event Reasons/HW Slowdown/HW Thermal Slowdown",
        "Not Active",
    ),
    (
        "clocks_event_reasons/clocks_event_reason_hw_power_brake_slowdown",
        "Clocks Event Reasons/HW Slowdown/HW Power Brake Slowdown",
        "Not Active",
    ),
    ("clocks_event_reasons/clocks_event_reason_sync_boost", "Clocks Event Reasons/Sync Boost", "Not Active"),
    (
        "clocks_event_reasons/clocks_event_reason_sw_thermal_slowdown",
        "Clocks Event Reasons/SW Thermal Slowdown",
        "Not Active",
    ),
    (
        "clocks_event_reasons/clocks_event_reason_display_clocks_setting",
        "Clocks Event Reasons/Display Clock Setting",
        "Not Active",
    ),
    (
        "clocks_event_reasons_counters/clocks_event_reasons_counters_sw_power_cap",
        "Clocks Event Reasons Counters/SW Power Capping",
        "7015000000 us",
    ),
    (
        "clocks_event_reasons_counters/clocks_event_reasons_counters_sw_therm_slowdown",
        "Clocks Event Reasons Counters/SW Thermal Slowdown",
        "0 us",
    ),
    (
        "clocks_event_reasons_counters/clocks_event_reasons_counters_hw_therm_slowdown",
        "Clocks Event Reasons Counters/HW Thermal Slowdown",
        "0 us",
    ),
    (
        "clocks_event_reasons_counters/clocks_event_reasons_counters_hw_power_brake",
        "Clocks Event Reasons Counters/HW Power Braking",
        "0 us",
    ),
    ("fb_memory_usage/total", "FB Memory Usage/Total", "81559 MiB"),
    ("fb_memory_usage/used", "FB Memory Usage/Used", "4 MiB"),
    ("compute_mode", "Compute Mode", "Default"),
    ("utilization/gpu_util", "Utilization/GPU", "3 %"),
    ("utilization/memory_util", "Utilization/Memory", "1 %"),
    ("ecc_mode/current_ecc", "ECC Mode/Current", "Enabled"),
    ("ecc_mode/pending_ecc", "ECC Mode/Pending", "Enabled"),
    ("ecc_errors/volatile/sram_correctable", "ECC Errors/Volatile/SRAM Correctable", "1"),
    ("ecc_errors/volatile/sram_uncorrectable_parity", "ECC Errors/Volatile/SRAM Uncorrectable Parity", "2"),
    ("ecc_errors/volatile/sram_uncorrectable_secded", "ECC Errors/Volatile/SRAM Uncorrectable SEC-DED", "3"),
    ("ecc_errors/volatile/dram_correctable", "ECC Errors/Volatile/DRAM Correctable", "4"),
    ("ecc_errors/volatile/dram_uncorrectable", "ECC Errors/Volatile/DRAM Uncorrectable", "5"),
    ("ecc_errors/aggregate/sram_correctable", "ECC Errors/Aggregate/SRAM Correctable", "6"),
    ("ecc_errors/aggregate/sram_uncorrectable_parity", "ECC Errors/Aggregate/SRAM Uncorrectable Parity", "7"),
    ("ecc_errors/aggregate/sram_uncorrectable_secded", "ECC Errors/Aggregate/SRAM Uncorrectable SEC-DED", "8"),
    ("ecc_errors/aggregate/dram_correctable", "ECC Errors/Aggregate/DRAM Correctable", "9"),
    ("ecc_errors/aggregate/dram_uncorrectable", "ECC Errors/Aggregate/DRAM Uncorrectable", "10"),
    ("ecc_errors/aggregate/sram_threshold_exceeded", "ECC Errors/Aggregate/SRAM Threshold Exceeded", "No"),
    ("ecc_errors/channel_repair_pending", "ECC Errors/Channel Repair Pending", "No"),
    ("ecc_errors/tpc_repair_pending", "ECC Errors/TPC Repair Pending", "No"),
    ("retired_pages/multiple_single_bit_retirement/retired_count", "Retired Pages/Single Bit ECC", "N/A"),
    ("retired_pages/double_bit_retirement/retired_count", "Retired Pages/Double Bit ECC", "N/A"),
    ("retired_pages/pending_retirement", "Retired Pages/Pending Page Blacklist", "N/A"),
    ("remapped_rows/remapped_row_corr", "Remapped Rows/Correctable Error", "0"),
    ("remapped_rows/remapped_row_unc", "Remapped Rows/Uncorrectable Error", "1"),
    ("remapped_rows/remapped_row_pending", "Remapped Rows/Pending", "No"),
    ("remapped_rows/remapped_row_failure", "Remapped Rows/Remapping Failure Occurred", "No"),
    *(
        (
            f"remapped_rows/row_remapper_histogram/row_remapper_histogram_{name.lower()}",
            f"Remapped Rows/Bank Remap Availability Histogram/{name}",
            f"{banks} bank(s)",
        )
        for name, banks in (("Max", 2559), ("High", 1), ("Partial", 0), ("Low", 0), ("None", 0))
    ),
    ("temperature/gpu_temp", "Temperature/GPU Current Temp", "31 C"),
    ("temperature/gpu_temp_tlimit", "Temperature/GPU T.Limit Temp", "56 C"),
    ("temperature/gpu_temp_max_tlimit_threshold", "Temperature/GPU Shutdown T.Limit Temp", "-8 C"),
    ("temperature/gpu_temp_slow_tlimit_threshold", "Temperature/GPU Slowdown T.Limit Temp", "-2 C"),
    ("temperature/gpu_temp_max_gpu_tlimit_threshold", "Temperature/GPU Max Operating T.Limit Temp", "0 C"),
    ("temperature/memory_temp", "Temperature/Memory Current Temp", "39 C"),
    ("gpu_power_readings/average_power_draw", "GPU Power Readings/Average Power Draw", "69.53 W"),
    ("gpu_power_readings/current_power_limit", "GPU Power Readings/Current Power Limit", "700.00 W"),
    ("gpu_power_readings/default_power_limit", "GPU Power Readings/Default Power Limit", "700.00 W"),
    ("clocks/sm_clock", "Clocks/SM", "345 MHz"),
    ("clocks/mem_clock", "Clocks/Memory", "2619 MHz"),
    ("applications_clocks/graphics_clock", "Applications Clocks/Graphics", "1980 MHz"),
    ("max_clocks/sm_clock", "Max Clocks/SM", "1980 MHz"),
    ("max_clocks/mem_clock", "Max Clocks/Memory", "2619 MHz"),
    ("fabric/state", "Fabric/State", "Completed"),
    ("fabric/status", "Fabric/Status", "Success"),
    ("fabric/clusterUuid", "Fabric/ClusterUUID", "00000000-0000-0000-0000-000000000000"),
    ("fabric/health/summary", "Fabric/Health/Summary", "N/A"),
    ("fabric/health/bandwidth", "Fabric/Health/Bandwidth", "N/A"),
    ("fabric/health/route_recovery_in_progress", "Fabric/Health/Route Recovery in progress", "N/A"),
    ("fabric/health/route_unhealthy", "Fabric/Health/Route Unhealthy", "N/A"),
    ("fabric/health/access_timeout_recovery", "Fabric/Health/Access Timeout Recovery", "N/A"),
    ("processes", "Processes", "None"),
    ("capabilities/egm", "Capabilities/EGM", "disabled"),
)
_H100 = {path: word for path, _, word in _TABLE}
_AS_TEXT = {path: name for path, name, _ in _TABLE}
_NAMES = frozenset(_AS_TEXT.values())
