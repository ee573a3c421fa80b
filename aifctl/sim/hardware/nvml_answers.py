"""What NVML answers about one GPU, function by function."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pynvml

from aifctl.sim.hardware.boards import CORRUPTED_INFOROM, NOT_SUPPORTED, Board, Link
from aifctl.sim.hardware.nvml_history import FABRIC_V3, major

INVALID_ARGUMENT, VERSION_MISMATCH = 2, 25
_DRAM, _SRAM = 2, 7
_SLOWDOWN = 1
_SIGNED_INT, _UNSIGNED_LONG_LONG = 5, 3

#: What the driver has in memory even of a GPU that is gone.
OF_A_LOST_GPU = frozenset({"nvmlDeviceGetPciInfo", "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetName"})


class Refusal(Exception):  # noqa: N818 - an answer of NVML's
    """An answer that is an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def field_value(board: Board, field: int, scope: int, *, known: bool) -> Any:
    """Return one entry of nvmlDeviceGetFieldValues, with its own code."""
    entry = pynvml.c_nvmlFieldValue_t()
    entry.fieldId, entry.scopeId = field, scope
    try:
        value = _field(board, field, scope, known=known)
    except Refusal as refusal:
        entry.nvmlReturn = refusal.code
        return entry
    entry.valueType = _SIGNED_INT if value < 0 else _UNSIGNED_LONG_LONG
    if value < 0:
        entry.value.siVal = value
    else:
        entry.value.ullVal = value
    return entry


def _field(board: Board, field: int, scope: int, *, known: bool) -> int:
    if not known:
        raise Refusal(INVALID_ARGUMENT)
    if field in board.errors:
        raise Refusal(board.errors[field])
    if field in range(142, 146):
        return board.remap[field - 142]
    if field == _REPLAY_FIELD:
        return board.replays
    if field in range(161, 165):
        return _link_field(_link(board, scope), field)
    value = board.fields.get(field)
    if value is None:
        raise Refusal(NOT_SUPPORTED)
    return value


_REPLAY_FIELD, _SPEED_FIELD = 94, 164


def _link_field(link: Link, field: int) -> int:
    if not link.active:
        raise Refusal(NOT_SUPPORTED)
    return link.speed_mb_s if field == _SPEED_FIELD else link.errors[field]


def _link(board: Board, link: int) -> Link:
    if not 0 <= link < len(board.links):
        raise Refusal(INVALID_ARGUMENT)
    return board.links[link]


def _pci(board: Board) -> Any:
    info = pynvml.nvmlPciInfo_t()
    info.busId, info.pciDeviceId = board.bus, board.device_id
    return info


def _remote(board: Board, link: int) -> Any:
    info = pynvml.nvmlPciInfo_t()
    info.busId = _link(board, link).remote
    return info


def _memory_errors(board: Board, kind: int, span: int, location: int) -> int:
    if location == _DRAM:
        return board.dram[2 * span + kind]
    if location == _SRAM:
        corrected, parity, secded = board.sram[3 * span : 3 * span + 3]
        return parity + secded if kind else corrected
    raise Refusal(NOT_SUPPORTED)


def _sram(board: Board, reference: Any) -> None:
    status = reference.contents
    names = ("volatileCor", "volatileUncParity", "volatileUncSecDed")
    for at, name in enumerate((*names, *(name.replace("volatile", "aggregate") for name in names))):
        setattr(status, name, board.sram[at])
    status.bThresholdExceeded = int(board.sram_exceeded)


def _fabric(board: Board, driver_version: str, reference: Any) -> None:
    info = reference.contents
    if getattr(info, "version", 0) == pynvml.nvmlGpuFabricInfo_v3 and major(driver_version) < FABRIC_V3:
        raise Refusal(VERSION_MISMATCH)
    info.state, info.status, info.cliqueId = board.fabric[:3]
    if hasattr(info, "healthMask"):
        info.healthMask = board.fabric[3]
    if hasattr(info, "healthSummary"):
        info.healthSummary = board.fabric[4]


def _memory(board: Board) -> Any:
    return SimpleNamespace(total=board.memory_total_bytes, used=board.memory_used_bytes)


def _banks(board: Board) -> Any:
    return pynvml.c_nvmlRowRemapperHistogramValues(*[ctypes.c_uint(count) for count in board.banks])


def _threshold(_: Board, which: int) -> int:
    raise Refusal(NOT_SUPPORTED if which <= _SLOWDOWN else INVALID_ARGUMENT)  # an H100 tells margins alone


def _check_inforom(board: Board) -> None:
    if not board.inforom:
        raise Refusal(CORRUPTED_INFOROM)


def _processes(board: Board) -> list[Any]:
    return [SimpleNamespace(pid=process.pid, usedGpuMemory=process.used_bytes) for process in board.processes]


def _reasons(board: Board) -> int:
    return board.throttle_reasons


def _temperature(board: Board, *_: int) -> int:
    return board.temperature_c


_OF_BOARD: Mapping[str, Callable[..., Any]] = {
    "nvmlDeviceGetUUID": lambda board: board.uuid,
    "nvmlDeviceGetSerial": lambda board: board.serial,
    "nvmlDeviceGetPciInfo_v3": _pci,
    "nvmlDeviceGetPciInfo": _pci,
    "nvmlDeviceGetName": lambda board: board.name,
    "nvmlDeviceGetModuleId": lambda board: board.module,
    "nvmlDeviceGetBoardPartNumber": lambda board: board.part,
    "nvmlDeviceGetVbiosVersion": lambda board: board.vbios,
    "nvmlDeviceGetInforomImageVersion": lambda board: board.inforom,
    "nvmlDeviceGetGspFirmwareVersion": lambda board: board.gsp.encode(),  # the bindings leave this one as bytes
    "nvmlDeviceGetPersistenceMode": lambda board: int(board.persistence),
    "nvmlDeviceGetEccMode": lambda board: list(board.ecc),
    "nvmlDeviceGetMigMode": lambda board: list(board.mig),
    "nvmlDeviceGetComputeMode": lambda board: board.compute_mode,
    "nvmlDeviceGetMemoryErrorCounter": _memory_errors,
    "nvmlDeviceGetSramEccErrorStatus": _sram,
    "nvmlDeviceGetRemappedRows": lambda board: tuple(board.remap),
    "nvmlDeviceGetRowRemapperHistogram": _banks,
    "nvmlDeviceGetRepairStatus": lambda board: list(board.repair),
    "nvmlDeviceGetUnrepairableMemoryFlag_v1": lambda board: board.unrepairable,
    "nvmlDeviceGetMemoryInfo": lambda board, _version=0: _memory(board),
    "nvmlDeviceGetCurrentClocksEventReasons": _reasons,
    "nvmlDeviceGetCurrentClocksThrottleReasons": _reasons,
    "nvmlDeviceGetTemperatureV": _temperature,
    "nvmlDeviceGetTemperature": _temperature,
    "nvmlDeviceGetMarginTemperature": lambda board: board.margin_c,
    "nvmlDeviceGetTemperatureThreshold": _threshold,
    "nvmlDeviceGetPowerUsage": lambda board: board.power_mw,
    "nvmlDeviceGetEnforcedPowerLimit": lambda board: board.limit_mw,
    "nvmlDeviceGetPowerManagementDefaultLimit": lambda board: board.default_limit_mw,
    "nvmlDeviceGetPerformanceState": lambda board: board.performance_state,
    "nvmlDeviceGetPowerState": lambda board: board.performance_state,
    "nvmlDeviceGetClockInfo": lambda board, kind: board.clocks_mhz[kind],
    "nvmlDeviceGetMaxClockInfo": lambda board, kind: board.clocks_max_mhz[kind],
    "nvmlDeviceGetApplicationsClock": lambda board, kind: board.application_clocks_mhz[kind],
    "nvmlDeviceGetUtilizationRates": lambda board: SimpleNamespace(gpu=board.use_pct[0], memory=board.use_pct[1]),
    "nvmlDeviceGetCurrPcieLinkGeneration": lambda board: board.pcie[0],
    "nvmlDeviceGetMaxPcieLinkGeneration": lambda board: board.pcie[1],
    "nvmlDeviceGetCurrPcieLinkWidth": lambda board: board.pcie[2],
    "nvmlDeviceGetMaxPcieLinkWidth": lambda board: board.pcie[3],
    "nvmlDeviceGetPcieReplayCounter": lambda board: board.replays,
    "nvmlDeviceGetNvLinkState": lambda board, link: int(_link(board, link).active),
    "nvmlDeviceGetNvLinkRemotePciInfo": _remote,
    "nvmlDeviceValidateInforom": _check_inforom,
    "nvmlDeviceGetComputeRunningProcesses_v3": _processes,
    "nvmlDeviceGetComputeRunningProcesses_v2": _processes,
    "nvmlDeviceGetComputeRunningProcesses": _processes,
}


def _ignoring_driver(answer: Callable[..., Any]) -> Callable[..., Any]:
    return lambda board, _driver_version, *arguments: answer(board, *arguments)


#: Function → (board, driver version, further arguments of the call) → what the bindings would return.
ANSWERS: Mapping[str, Callable[..., Any]] = {
    **{name: _ignoring_driver(answer) for name, answer in _OF_BOARD.items()},
    "nvmlDeviceGetGpuFabricInfoV": _fabric,
    "nvmlDeviceGetGpuFabricInfo": _fabric,
}
