"""What a driver and a GPU can tell at all: what neither could, is not missing.

Drivers: the first release of `nvidia-ml-py` (https://pypi.org/project/nvidia-ml-py/#history, one a driver branch) that
has the call or field id; where `nvidia-smi` prints it later than NVML knows it, the first branch seen to print it.
Architectures: by PCI device id (https://pci-ids.ucw.cz/read/PC/10de), since every source tells that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu

_Version = tuple[int, ...]

#: Field → the first version that tells it; where a branch got it later on, that branch's own first version as well.
FIRST_TOLD: dict[str, tuple[_Version, ...]] = {
    "remap_corrected_count": ((450,),),  # nvmlDeviceGetRemappedRows: in 11.450, not in 10.418
    "remap_uncorrected_count": ((450,),),
    "remap_pending": ((450,),),
    "remap_failure": ((450,),),
    "remap_banks": ((450,),),
    "mig_current": ((450,),),
    "mig_pending": ((450,),),
    "gsp_firmware_version": ((510,),),
    "fabric_state": ((525,),),  # nvmlDeviceGetGpuFabricInfo
    "fabric_status": ((525,),),
    "limit_shutdown_c": ((525,),),  # NVML_FI_DEV_TEMPERATURE_*_TLIMIT
    "limit_slowdown_c": ((525,),),
    "limit_max_operating_c": ((525,),),
    "margin_c": ((525,),),
    "pcie_errors": ((525,),),  # NVML_FI_DEV_PCIE_COUNT_*
    "module_id": ((535,),),
    # nvmlDeviceGetSramEccErrorStatus: in 12.535.161 and 12.550, not in 12.535.133
    "sram_threshold_exceeded": ((535, 161), (550,)),
    "fabric_cluster_uuid": ((550,),),  # NVML since 525; nvidia-smi 535 prints state and status alone
    "recovery_action": ((565,),),  # field 230: NVIDIA's Xid catalogue, "R565 or newer"
    "fabric_health": ((570,),),  # NVML_GPU_FABRIC_HEALTH_*
    "sw_power_cap_us": ((575,),),  # NVML_FI_DEV_CLOCKS_EVENT_REASON_*; nvidia-smi 570 prints no counters
    "sw_thermal_us": ((575,),),
    "hw_thermal_us": ((575,),),
    "hw_power_brake_us": ((575,),),
    "channel_repair_pending": ((580,),),  # nvmlDeviceGetRepairStatus
    "tpc_repair_pending": ((580,),),
    "unrepairable_memory": ((590,),),  # nvmlDeviceGetUnrepairableMemoryFlag_v1: NVML's change log, v580 to v590
}

_REMAPPING = ("remap_corrected_count", "remap_uncorrected_count", "remap_pending", "remap_failure", "remap_banks")
_RETIREMENT = ("retired_single_bit_count", "retired_double_bit_count", "retired_pending")
_MARGINS = ("limit_shutdown_c", "limit_slowdown_c", "limit_max_operating_c")
_ABSOLUTE = ("slowdown_temperature_c", "shutdown_temperature_c")

_GA100 = 0x2080  # the first Ampere id; of what is above, TU116 alone (0x2180 to 0x21ff) is older
_TU116 = range(0x2180, 0x2200)
_GH100 = range(0x2300, 0x2400)
_AD102 = 0x2600  # Ada, and above it Blackwell
_GB100 = 0x2900

_NVIDIA = re.compile(r"10de:([0-9a-f]{4})")


def settle_capabilities(gpu: Gpu, driver_version: str | Absent) -> Gpu:
    """Return the GPU with NOT_SUPPORTED for what is MISSING and what this driver or this chip could not have told.

    Nothing but MISSING is touched; a driver whose version is not told can tell everything.
    """
    unable = {*_by_driver(driver_version), *_by_chip(gpu), *_by_kind_of_limit(gpu)}
    missing = [name for name in unable if getattr(gpu, name) is Absent.MISSING]
    told: dict[str, Any] = dict.fromkeys(missing, Absent.NOT_SUPPORTED)
    return replace(gpu, **told) if told else gpu


def _by_driver(driver_version: str | Absent) -> Iterator[str]:
    version = _version(driver_version)
    if version:
        yield from (name for name, firsts in FIRST_TOLD.items() if not _tells(version, firsts))


def _version(text: str | Absent) -> _Version:
    """Return 535.161.08 as (535, 161, 8); () for what is no version."""
    found = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?", str(text), re.ASCII)
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()


def _tells(version: _Version, firsts: Iterable[_Version]) -> bool:
    """Return whether a driver is of a branch that had it from the start, or got it by this version."""
    *backported, first = firsts
    return version >= first or any(version[0] == one[0] and version >= one for one in backported)


def _by_chip(gpu: Gpu) -> Iterator[str]:
    found = _NVIDIA.fullmatch(str(gpu.device_id))
    if found is None:
        return
    chip = int(found[1], 16)
    older_than_ampere = chip < _GA100 or chip in _TU116
    if older_than_ampere:
        yield from (*_REMAPPING, "mig_current", "mig_pending")  # row remapping and MIG came with A100
    else:
        yield from _RETIREMENT  # row remapping took its place
    if chip not in _GH100 and chip < _GB100:
        yield from ("fabric_state", "fabric_status", "fabric_cluster_uuid")  # registration with a fabric: Hopper on
    if chip < _GB100:
        yield "fabric_health"  # N/A on Hopper: GB200 on
    if chip not in _GH100 and chip < _AD102:
        yield from ("margin_c", *_MARGINS)  # absolute limits up to Ampere


def _by_kind_of_limit(gpu: Gpu) -> tuple[str, ...]:
    """A GPU has limits of temperature as margins or as degrees: who tells one kind has none of the other."""
    if any(getattr(gpu, name) is not Absent.MISSING for name in _MARGINS):
        return _ABSOLUTE
    if any(getattr(gpu, name) is not Absent.MISSING for name in _ABSOLUTE):
        return _MARGINS
    return ()
