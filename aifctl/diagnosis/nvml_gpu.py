"""One GPU as NVML told it, in NVML's units, as a Gpu in ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aifctl.diagnosis.absent import NEUTRAL, Absent
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.nvml_answers import Answers, absence, either, refusal, total, worst_reason
from aifctl.diagnosis.nvml_links import link_fields

_LOST, _RESET_REQUIRED, _CORRUPTED_INFOROM = 15, 16, 14

_ADDRESS = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])", re.IGNORECASE | re.ASCII)

#: NVML field 230 (nvml.h, NVML_GPU_RECOVERY_ACTION_*); others stay numbers.
_RECOVERY: Mapping[int, str] = {0: "none", 1: "gpu-reset", 2: "node-reboot", 3: "drain-p2p", 4: "drain-and-reset"}
_COMPUTE_MODES: Mapping[int, str] = {0: "Default", 1: "Exclusive_Thread", 2: "Prohibited", 3: "Exclusive_Process"}
_PCIE_ERRORS: Mapping[str, str] = {
    "173": "correctable",
    "174": "naks_received",
    "175": "receiver",
    "176": "bad_tlp",
    "177": "naks_sent",
    "178": "bad_dllp",
    "179": "nonfatal",
    "180": "fatal",
    "181": "unsupported_request",
    "182": "lcrc",
    "183": "lane",
}
_BANKS = ("max", "high", "partial", "low", "none")
_LAST_STATE = 15

#: Where codes stand, and how deep: GPU, links, state, code.
_CODE_KEYS = frozenset({"!", "pci_refused"})
_DEEPEST = 5
_HOLDERS = frozenset({dict, list})


def parse_gpu(data: Mapping[str, Any]) -> Gpu:
    """Return what NVML said of one GPU; what it did not say is absent, with the reason."""
    code = refusal_of_handle(data)
    codes = _codes(data)
    lost = _LOST in codes
    unasked = absence(code) if code is not None else Absent.LOST if lost else Absent.MISSING
    answers = Answers(data, unasked)
    values: dict[str, Any] = {
        "pci_address": _address(answers),
        "index": answers.integer("index"),
        "lost": lost,
        "requires_reset": _RESET_REQUIRED in codes,
        **_identity(answers),
        **_modes(answers),
        **_memory(answers),
        **_clocks(answers),
        **_heat(answers),
        **_pcie(answers),
        **link_fields(answers),
    }
    if lost:
        values.update({name: Absent.LOST for name, value in values.items() if value is Absent.MISSING})
    return Gpu(**values)


def refusal_of_handle(data: Mapping[str, Any]) -> object:
    """Return the code with which NVML refused even to speak of a GPU, else None."""
    return data.get("!")


def _codes(data: object) -> set[int]:
    """Return every error code in the answers."""
    found: set[int] = set()
    waiting = [data]
    for _ in range(_DEEPEST):
        below: list[object] = []
        for value in waiting:
            if isinstance(value, dict):
                found.update(part for key, part in value.items() if key in _CODE_KEYS and isinstance(part, int))
                below += [part for part in value.values() if type(part) in _HOLDERS]
            elif isinstance(value, list):
                below += [part for part in value if type(part) in _HOLDERS]
        waiting = below
    return found


def _address(answers: Answers) -> str:
    told = either(answers.text("pci", 0), answers.text("address"))
    found = _ADDRESS.fullmatch(told)
    return f"{int(found[1], 16):04x}:{found[2].lower()}" if found else ""


def _identity(answers: Answers) -> dict[str, Any]:
    packed = answers.integer("pci", 1)
    device_id = packed if isinstance(packed, Absent) else f"{packed & 0xFFFF:04x}:{packed >> 16 & 0xFFFF:04x}"
    checked = answers.integer("inforom_check")
    corrupt = any(refusal(answers.data.get(key)) == _CORRUPTED_INFOROM for key in ("inforom_check", "inforom"))
    return {
        "name": answers.text("name"),
        "uuid": answers.text("uuid"),
        "serial": answers.text("serial"),
        "device_id": device_id,
        "board_part_number": answers.text("part"),
        "module_id": answers.integer("module"),
        "vbios_version": answers.text("vbios"),
        "inforom_image_version": answers.text("inforom"),
        "inforom_valid": False if corrupt else checked if isinstance(checked, Absent) else True,
        "gsp_firmware_version": answers.text("gsp"),
    }


def _modes(answers: Answers) -> dict[str, Any]:
    return {
        "persistence_mode": answers.flag("persistence"),
        "ecc_current": answers.flag("ecc", 0),
        "ecc_pending": answers.flag("ecc", 1),
        "mig_current": answers.flag("mig", 0),
        "mig_pending": answers.flag("mig", 1),
        "compute_mode": answers.named(_COMPUTE_MODES, "compute"),
        "memory_total_bytes": answers.integer("memory", 0),
        "memory_used_bytes": answers.integer("memory", 1),
        "recovery_action": answers.named(_RECOVERY, "fields", "230"),
    }


def _memory(answers: Answers) -> dict[str, Any]:
    return {
        **_sram(answers),
        "dram_corrected_volatile_count": answers.integer("dram_vc"),
        "dram_uncorrected_volatile_count": answers.integer("dram_vu"),
        "dram_corrected_aggregate_count": answers.integer("dram_ac"),
        "dram_uncorrected_aggregate_count": answers.integer("dram_au"),
        "remap_corrected_count": either(answers.integer("remap", 0), answers.integer("fields", "142")),
        "remap_uncorrected_count": either(answers.integer("remap", 1), answers.integer("fields", "143")),
        "remap_pending": either(answers.flag("remap", 2), answers.flag("fields", "144")),
        "remap_failure": either(answers.flag("remap", 3), answers.flag("fields", "145")),
        "remap_banks": _counts({name: answers.integer("banks", at) for at, name in enumerate(_BANKS)}),
        "retired_single_bit_count": answers.integer("fields", "29"),
        "retired_double_bit_count": answers.integer("fields", "30"),
        "retired_pending": answers.flag("fields", "31"),
        "channel_repair_pending": answers.flag("repair", 0),
        "tpc_repair_pending": answers.flag("repair", 1),
        "unrepairable_memory": answers.flag("unrepairable"),
    }


def _sram(answers: Answers) -> dict[str, Any]:
    """Return SRAM's counters: from NVIDIA's own status, or where that is refused from the plain ones."""
    old = [answers.integer("sram_old", at) for at in range(4)]
    corrected = [answers.integer("sram", at) for at in (0, 3)]
    uncorrected = [total(answers.integer("sram", at) for at in pair) for pair in ((1, 2), (4, 5))]
    return {
        "sram_corrected_volatile_count": either(corrected[0], old[0]),
        "sram_uncorrected_volatile_count": either(uncorrected[0], old[1]),
        "sram_corrected_aggregate_count": either(corrected[1], old[2]),
        "sram_uncorrected_aggregate_count": either(uncorrected[1], old[3]),
        "sram_threshold_exceeded": answers.flag("sram", 6),
    }


def _clocks(answers: Answers) -> dict[str, Any]:
    state = answers.integer("pstate")
    return {
        "throttle_reasons": answers.integer("reasons"),
        "sw_power_cap_us": _microseconds(answers, "74"),
        "sw_thermal_us": _microseconds(answers, "269"),
        "hw_thermal_us": _microseconds(answers, "270"),
        "hw_power_brake_us": _microseconds(answers, "271"),
        "performance_state": state if isinstance(state, Absent) else performance_state(state),
        "sm_clock_mhz": answers.integer("sm"),
        "memory_clock_mhz": answers.integer("mem"),
        "sm_clock_max_mhz": answers.integer("sm_max"),
        "memory_clock_max_mhz": answers.integer("mem_max"),
        "application_sm_clock_mhz": answers.integer("sm_app"),
        "utilization_pct": answers.integer("use", 0),
        "memory_utilization_pct": answers.integer("use", 1),
    }


def performance_state(number: int) -> str | Absent:
    """Return P0 to P15; 32 is NVML's own "unknown"."""
    return f"P{number}" if 0 <= number <= _LAST_STATE else Absent.ERROR


def microseconds(nanoseconds: int) -> int:
    """Return NVML's times of held back clocks (nvml.h: ns) in our unit."""
    return nanoseconds // 1000


def _microseconds(answers: Answers, name: str) -> int | Absent:
    value = answers.integer("fields", name)
    return value if isinstance(value, Absent) else microseconds(value)


def _heat(answers: Answers) -> dict[str, Any]:
    return {
        "temperature_c": answers.integer("temp"),
        "memory_temperature_c": answers.integer("fields", "82"),
        "margin_c": answers.integer("margin"),
        "limit_shutdown_c": answers.integer("fields", "193"),
        "limit_slowdown_c": answers.integer("fields", "194"),
        "limit_max_operating_c": answers.integer("fields", "196"),
        "slowdown_temperature_c": answers.integer("temp_slowdown"),
        "shutdown_temperature_c": answers.integer("temp_shutdown"),
        "power_w": answers.thousandths("power_mw"),
        "power_limit_w": answers.thousandths("limit_mw"),
        "power_limit_default_w": answers.thousandths("default_mw"),
    }


def _pcie(answers: Answers) -> dict[str, Any]:
    return {
        "pcie_generation": answers.integer("gen"),
        "pcie_generation_max": answers.integer("gen_max"),
        "pcie_width": answers.integer("width"),
        "pcie_width_max": answers.integer("width_max"),
        "pcie_replay_count": either(answers.integer("replay"), answers.integer("fields", "94")),
        "pcie_errors": _counts({name: answers.integer("fields", number) for number, name in _PCIE_ERRORS.items()}),
    }


def _counts(values: Mapping[str, int | Absent]) -> dict[str, int] | Absent:
    """Return those that are told; nothing but the reason where one of them could not be read, or where none is there."""
    missing = [value for value in values.values() if isinstance(value, Absent)]
    told = {name: value for name, value in values.items() if not isinstance(value, Absent)}
    if missing and (not told or worst_reason(missing) not in NEUTRAL):
        return worst_reason(missing)
    return told
