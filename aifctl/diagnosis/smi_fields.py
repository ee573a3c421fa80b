"""What each field of a Gpu is called in the three formats of nvidia-smi, all drivers together.

A name is a path below the GPU (XML as printed, text in lower case) or a column (CSV, in lower case, without its unit).
Alternatives are parted by `|`, the first that is told holds; `a + b` is a sum of which both have to be told, `a ?b` one of
which neutral parts are left out.
"""

from __future__ import annotations

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.smi_format import Field
from aifctl.diagnosis.smi_memory_fields import MEMORY_FIELDS

_COUNT = values.count()
_MIB = values.integer("MiB", factor=1 << 20)
_CELSIUS = values.integer("C")
_WATTS = values.decimal("W")
_MHZ = values.count("MHz")
_US = values.count("us")
_PCT = values.count("%")
_LANES = values.count("x")

_IDENTITY = (
    Field("name", values.text, "product_name", "product name", "name"),
    Field("uuid", values.text, "uuid", "gpu uuid", "uuid"),
    Field("serial", values.text, "serial", "serial number", "serial"),
    Field("device_id", values.device_id, "pci/pci_device_id", "pci/device id", "pci.device_id"),
    Field("board_part_number", values.text, "board_part_number", "board part number"),
    Field(
        "module_id",
        _COUNT,
        "platformInfo/module_id|gpu_module_id|module_id",
        "platform info/module id|module id|gpu module id",
        "platform.module_id|module_id",
    ),
    Field("index", _COUNT, "", "", "index"),
    Field("vbios_version", values.text, "vbios_version", "vbios version", "vbios_version"),
    Field(
        "inforom_image_version",
        values.text,
        "inforom_version/img_version",
        "inforom version/image version",
        "inforom.img",
    ),
    Field("inforom_valid", values.flag, "", "", "inforom.checksum_validation"),
    Field("gsp_firmware_version", values.text, "gsp_firmware_version", "gsp firmware version"),
)

_MODES = (
    Field("persistence_mode", values.flag, "persistence_mode", "persistence mode", "persistence_mode"),
    Field("ecc_current", values.flag, "ecc_mode/current_ecc", "ecc mode/current", "ecc.mode.current"),
    Field("ecc_pending", values.flag, "ecc_mode/pending_ecc", "ecc mode/pending", "ecc.mode.pending"),
    Field("mig_current", values.flag, "mig_mode/current_mig", "mig mode/current", "mig.mode.current"),
    Field("mig_pending", values.flag, "mig_mode/pending_mig", "mig mode/pending", "mig.mode.pending"),
    Field("compute_mode", values.text, "compute_mode", "compute mode", "compute_mode"),
    Field("memory_total_bytes", _MIB, "fb_memory_usage/total", "fb memory usage/total", "memory.total"),
    Field("memory_used_bytes", _MIB, "fb_memory_usage/used", "fb memory usage/used", "memory.used"),
    Field(
        "recovery_action", values.recovery_action, "gpu_recovery_action", "gpu recovery action", "gpu_recovery_action"
    ),
)


_HELD = "clocks_event_reasons_counters/clocks_event_reasons_counters_"
_HELD_TEXT = "clocks event reasons counters/"
_HELD_CSV = "clocks_event_reasons_counters."
_POWER, _POWER_TEXT = "gpu_power_readings/", "gpu power readings/"

_CLOCKS = (
    Field("sw_power_cap_us", _US, f"{_HELD}sw_power_cap", f"{_HELD_TEXT}sw power capping", f"{_HELD_CSV}sw_power_cap"),
    Field(
        "sw_thermal_us",
        _US,
        f"{_HELD}sw_therm_slowdown",
        f"{_HELD_TEXT}sw thermal slowdown",
        f"{_HELD_CSV}sw_thermal_slowdown",
    ),
    Field(
        "hw_thermal_us",
        _US,
        f"{_HELD}hw_therm_slowdown",
        f"{_HELD_TEXT}hw thermal slowdown",
        f"{_HELD_CSV}hw_thermal_slowdown",
    ),
    Field(
        "hw_power_brake_us",
        _US,
        f"{_HELD}hw_power_brake",
        f"{_HELD_TEXT}hw power braking",
        f"{_HELD_CSV}hw_power_brake_slowdown",
    ),
    Field("performance_state", values.performance_state, "performance_state", "performance state", "pstate"),
    Field("sm_clock_mhz", _MHZ, "clocks/sm_clock", "clocks/sm", "clocks.current.sm|clocks.sm"),
    Field("memory_clock_mhz", _MHZ, "clocks/mem_clock", "clocks/memory", "clocks.current.memory|clocks.mem"),
    Field("sm_clock_max_mhz", _MHZ, "max_clocks/sm_clock", "max clocks/sm", "clocks.max.sm"),
    Field("memory_clock_max_mhz", _MHZ, "max_clocks/mem_clock", "max clocks/memory", "clocks.max.memory"),
    Field(
        "application_sm_clock_mhz",
        _MHZ,
        "applications_clocks/graphics_clock",
        "applications clocks/graphics",
        "clocks.applications.graphics",
    ),
    Field("utilization_pct", _PCT, "utilization/gpu_util", "utilization/gpu", "utilization.gpu"),
    Field("memory_utilization_pct", _PCT, "utilization/memory_util", "utilization/memory", "utilization.memory"),
)

_HEAT = (
    Field("temperature_c", _CELSIUS, "temperature/gpu_temp", "temperature/gpu current temp", "temperature.gpu"),
    Field(
        "memory_temperature_c",
        _CELSIUS,
        "temperature/memory_temp",
        "temperature/memory current temp",
        "temperature.memory",
    ),
    Field(
        "margin_c", _CELSIUS, "temperature/gpu_temp_tlimit", "temperature/gpu t.limit temp", "temperature.gpu.tlimit"
    ),
    Field(
        "limit_shutdown_c",
        _CELSIUS,
        "temperature/gpu_temp_max_tlimit_threshold",
        "temperature/gpu shutdown t.limit temp",
    ),
    Field(
        "limit_slowdown_c",
        _CELSIUS,
        "temperature/gpu_temp_slow_tlimit_threshold",
        "temperature/gpu slowdown t.limit temp",
    ),
    Field(
        "limit_max_operating_c",
        _CELSIUS,
        "temperature/gpu_temp_max_gpu_tlimit_threshold",
        "temperature/gpu max operating t.limit temp",
    ),
    Field("slowdown_temperature_c", _CELSIUS, "temperature/gpu_temp_slow_threshold", "temperature/gpu slowdown temp"),
    Field("shutdown_temperature_c", _CELSIUS, "temperature/gpu_temp_max_threshold", "temperature/gpu shutdown temp"),
    # 570 and newer: average and instant, of which A100 tells the second alone; before: one; before 535: another section
    Field(
        "power_w",
        _WATTS,
        f"{_POWER}average_power_draw|{_POWER}power_draw|{_POWER}instant_power_draw|power_readings/power_draw",
        f"{_POWER_TEXT}average power draw|{_POWER_TEXT}power draw|{_POWER_TEXT}instantaneous power draw"
        "|power readings/power draw",
        "power.draw|power.draw.average|power.draw.instant",
    ),
    Field(
        "power_limit_w",
        _WATTS,
        f"{_POWER}current_power_limit|power_readings/enforced_power_limit|power_readings/power_limit",
        f"{_POWER_TEXT}current power limit|power readings/enforced power limit|power readings/power limit",
        "enforced.power.limit|power.limit",
    ),
    Field(
        "power_limit_default_w",
        _WATTS,
        f"{_POWER}default_power_limit|power_readings/default_power_limit",
        f"{_POWER_TEXT}default power limit|power readings/default power limit",
        "power.default_limit",
    ),
)

_LINK, _LINK_TEXT = "pci/pci_gpu_link_info/", "pci/gpu link info/"

_LINKS = (
    Field(
        "pcie_generation",
        values.generation,
        f"{_LINK}pcie_gen/current_link_gen",
        f"{_LINK_TEXT}pcie generation/current",
        "pcie.link.gen.current|pcie.link.gen.gpucurrent",
    ),
    Field(
        "pcie_generation_max",
        values.generation,
        f"{_LINK}pcie_gen/max_link_gen",
        f"{_LINK_TEXT}pcie generation/max",
        "pcie.link.gen.max",
    ),
    Field(
        "pcie_width",
        _LANES,
        f"{_LINK}link_widths/current_link_width",
        f"{_LINK_TEXT}link width/current",
        "pcie.link.width.current",
    ),
    Field(
        "pcie_width_max",
        _LANES,
        f"{_LINK}link_widths/max_link_width",
        f"{_LINK_TEXT}link width/max",
        "pcie.link.width.max",
    ),
    Field("pcie_replay_count", _COUNT, "pci/replay_counter", "pci/replays since reset"),
    Field("fabric_state", values.fabric_state, "fabric/state", "fabric/state", "fabric.state"),
    Field("fabric_status", values.fabric_status, "fabric/status", "fabric/status", "fabric.status"),
    Field("fabric_cluster_uuid", values.text, "fabric/clusterUuid", "fabric/clusteruuid", "fabric.clusteruuid"),
)

FIELDS: tuple[Field, ...] = (*_IDENTITY, *_MODES, *MEMORY_FIELDS, *_CLOCKS, *_HEAT, *_LINKS)
