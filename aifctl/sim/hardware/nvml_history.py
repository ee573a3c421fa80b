"""Since which driver NVML knows what.

From the headers nvml.h of the CUDA releases, as NVIDIA/go-nvml has them: 12.2 came with R535, 12.4 with R550, 12.8 with
R570, 12.9 with R575, 13.0 with R580, 13.1 with R590. The recovery action is said to begin with R565.
"""

from __future__ import annotations

from collections.abc import Mapping

FUNCTIONS: Mapping[str, int] = {
    "nvmlDeviceGetModuleId": 535,
    "nvmlDeviceGetCurrentClocksEventReasons": 535,
    "nvmlDeviceGetGpuFabricInfo": 525,
    "nvmlDeviceGetGpuFabricInfoV": 550,
    "nvmlDeviceGetSramEccErrorStatus": 550,
    "nvmlDeviceGetTemperatureV": 570,
    "nvmlDeviceGetMarginTemperature": 570,
    "nvmlDeviceGetRepairStatus": 580,
    "nvmlDeviceGetUnrepairableMemoryFlag_v1": 590,
}

#: The third version of its structure, the second's being as old as the function.
FABRIC_V3 = 580

FIELDS: Mapping[int, int] = {
    **dict.fromkeys(range(161, 169), 520),
    **dict.fromkeys(range(173, 184), 535),
    **dict.fromkeys(range(193, 197), 535),
    230: 565,
    **dict.fromkeys((269, 270, 271), 575),
}


def major(driver_version: str) -> int:
    """Return 580 of 580.105.08."""
    return int(driver_version.partition(".")[0])


def knows_function(driver_version: str, name: str) -> bool:
    return major(driver_version) >= FUNCTIONS.get(name, 0)


def knows_field(driver_version: str, field: int) -> bool:
    return major(driver_version) >= FIELDS.get(field, 0)
