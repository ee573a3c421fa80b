"""All that NVML says of one GPU, cheap questions first, in NVML's own units.

One broken or unknown question costs its own answer alone. A GPU that falls off the bus while it is being read is asked
who it is, and nothing more.
"""

import ctypes

from . import nvml_fields, nvml_links, nvml_processes
from .nvml_asking import (
    FUNCTION_NOT_FOUND,
    GPU_IS_LOST,
    INVALID_ARGUMENT,
    VERSION_MISMATCH,
    Asking,
    Refused,
    told,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    #: Key in the data; the spellings of one question, newest first: function and further arguments; what to take of a
    #: structure.
    _Question = Tuple[str, Tuple[Tuple[Any, ...], ...], Tuple[str, ...]]

#: Who it is. Asked of a lost GPU too: the driver has most of it in memory.
_IDENTITY: "Tuple[_Question, ...]" = (
    ("uuid", (("nvmlDeviceGetUUID",),), ()),
    ("serial", (("nvmlDeviceGetSerial",),), ()),
    ("pci", (("nvmlDeviceGetPciInfo_v3",), ("nvmlDeviceGetPciInfo",)), ("busId", "pciDeviceId")),
    ("name", (("nvmlDeviceGetName",),), ()),
    ("module", (("nvmlDeviceGetModuleId",),), ()),
    ("part", (("nvmlDeviceGetBoardPartNumber",),), ()),
)

#: How it is set up, then how it does. Before the batch of field values and after it.
_MODES: "Tuple[_Question, ...]" = (
    ("vbios", (("nvmlDeviceGetVbiosVersion",),), ()),
    ("inforom", (("nvmlDeviceGetInforomImageVersion",),), ()),
    ("gsp", (("nvmlDeviceGetGspFirmwareVersion",),), ()),
    ("persistence", (("nvmlDeviceGetPersistenceMode",),), ()),
    ("ecc", (("nvmlDeviceGetEccMode",),), ()),
    ("mig", (("nvmlDeviceGetMigMode",),), ()),
    ("compute", (("nvmlDeviceGetComputeMode",),), ()),
)
_CORRECTED, _UNCORRECTED, _VOLATILE, _AGGREGATE, _DRAM, _SRAM = 0, 1, 0, 1, 2, 7
_STATE: "Tuple[_Question, ...]" = (
    ("dram_vc", (("nvmlDeviceGetMemoryErrorCounter", _CORRECTED, _VOLATILE, _DRAM),), ()),
    ("dram_vu", (("nvmlDeviceGetMemoryErrorCounter", _UNCORRECTED, _VOLATILE, _DRAM),), ()),
    ("dram_ac", (("nvmlDeviceGetMemoryErrorCounter", _CORRECTED, _AGGREGATE, _DRAM),), ()),
    ("dram_au", (("nvmlDeviceGetMemoryErrorCounter", _UNCORRECTED, _AGGREGATE, _DRAM),), ()),
    ("remap", (("nvmlDeviceGetRemappedRows",),), ()),
    ("banks", (("nvmlDeviceGetRowRemapperHistogram",),), ("max", "high", "partial", "low", "none")),
    ("repair", (("nvmlDeviceGetRepairStatus",),), ()),
    ("memory", (("nvmlDeviceGetMemoryInfo", "nvmlMemory_v2"), ("nvmlDeviceGetMemoryInfo",)), ("total", "used")),
    ("reasons", (("nvmlDeviceGetCurrentClocksEventReasons",), ("nvmlDeviceGetCurrentClocksThrottleReasons",)), ()),
    ("temp", (("nvmlDeviceGetTemperatureV", 0), ("nvmlDeviceGetTemperature", 0)), ()),
    ("margin", (("nvmlDeviceGetMarginTemperature",),), ()),
    ("temp_shutdown", (("nvmlDeviceGetTemperatureThreshold", 0),), ()),
    ("temp_slowdown", (("nvmlDeviceGetTemperatureThreshold", 1),), ()),
    ("power_mw", (("nvmlDeviceGetPowerUsage",),), ()),
    ("limit_mw", (("nvmlDeviceGetEnforcedPowerLimit",),), ()),
    ("default_mw", (("nvmlDeviceGetPowerManagementDefaultLimit",),), ()),
    ("pstate", (("nvmlDeviceGetPerformanceState",), ("nvmlDeviceGetPowerState",)), ()),
    ("sm", (("nvmlDeviceGetClockInfo", 1),), ()),
    ("mem", (("nvmlDeviceGetClockInfo", 2),), ()),
    ("sm_max", (("nvmlDeviceGetMaxClockInfo", 1),), ()),
    ("mem_max", (("nvmlDeviceGetMaxClockInfo", 2),), ()),
    ("sm_app", (("nvmlDeviceGetApplicationsClock", 0),), ()),
    ("use", (("nvmlDeviceGetUtilizationRates",),), ("gpu", "memory")),
    ("gen", (("nvmlDeviceGetCurrPcieLinkGeneration",),), ()),
    ("gen_max", (("nvmlDeviceGetMaxPcieLinkGeneration",),), ()),
    ("width", (("nvmlDeviceGetCurrPcieLinkWidth",),), ()),
    ("width_max", (("nvmlDeviceGetMaxPcieLinkWidth",),), ()),
    ("replay", (("nvmlDeviceGetPcieReplayCounter",),), ()),
)

_SRAM_COUNTERS = ("volatileCor", "volatileUncParity", "volatileUncSecDed", "aggregateCor", "aggregateUncParity",
                  "aggregateUncSecDed", "bThresholdExceeded")  # fmt: skip
_FABRIC_FIELDS = ("status", "cliqueId")
_TOO_NEW = (INVALID_ARGUMENT, FUNCTION_NOT_FOUND, VERSION_MISMATCH)  # what drivers say of a structure they do not know
_UNTOUCHED = 0xA5A5A5A5


def read_identity(asking: Asking, handle: "Any") -> "Dict[str, Any]":
    """Return who a GPU is."""
    return _answers(asking, handle, _IDENTITY)


def read_gpu(asking: Asking, handle: "Any", root: str) -> "Dict[str, Any]":
    """Return all of one GPU, by short keys. What was not asked because the GPU is lost is not in it."""
    data = read_identity(asking, handle)
    steps: "Tuple[Callable[[], Dict[str, Any]], ...]" = (
        lambda: _answers(asking, handle, _MODES),
        lambda: nvml_fields.read_fields(asking, handle),
        lambda: _read_sram(asking, handle),
        lambda: _answers(asking, handle, _STATE),
        lambda: {"unrepairable": told(_unrepairable, asking, handle)},
        lambda: nvml_links.read_links(asking, handle, data),
        lambda: _read_fabric(asking, handle),
        lambda: {"inforom_check": told(_check_inforom, asking, handle)},
        lambda: {"processes": told(nvml_processes.read_processes, asking, handle, root)},
    )
    for step in steps:
        if _says_lost(data):
            break
        data.update(step())
    return data


def _answers(asking: Asking, handle: "Any", questions: "Tuple[_Question, ...]") -> "Dict[str, Any]":
    return {key: told(_answer, asking, handle, spellings, parts) for key, spellings, parts in questions}


def _answer(
    asking: Asking,
    handle: "Any",
    spellings: "Tuple[Tuple[Any, ...], ...]",
    parts: "Tuple[str, ...]",
) -> "Any":
    spelled = [(name, handle, *[_constant(asking, part) for part in rest]) for name, *rest in spellings]
    answer = asking.first(*spelled)
    if not parts:
        return answer
    try:
        return [getattr(answer, part) for part in parts]
    except (AttributeError, UnicodeDecodeError) as error:  # a text in the structure that is none
        raise Refused(type(error).__name__) from error


def _constant(asking: Asking, part: "Any") -> "Any":
    return getattr(asking.nvml, part, 0) if isinstance(part, str) else part


def _says_lost(data: "Dict[str, Any]") -> bool:
    return any(isinstance(value, dict) and value.get("!") == GPU_IS_LOST for value in data.values())


def _read_sram(asking: Asking, handle: "Any") -> "Dict[str, Any]":
    """Return errors of SRAM with NVIDIA's own verdict on them; from drivers before R550 and where only root may ask
    for the verdict, the four counters that everybody may read.
    """
    verdict = told(_sram_status, asking, handle)
    if isinstance(verdict, list):
        return {"sram": verdict}
    counter = "nvmlDeviceGetMemoryErrorCounter"
    kinds = [(kind, span) for span in (_VOLATILE, _AGGREGATE) for kind in (_CORRECTED, _UNCORRECTED)]
    return {"sram": verdict, "sram_old": [told(asking.call, counter, handle, *kind, _SRAM) for kind in kinds]}


def _sram_status(asking: Asking, handle: "Any") -> "List[int]":
    status = asking.call("c_nvmlEccSramErrorStatus_v1_t")
    asking.call("nvmlDeviceGetSramEccErrorStatus", handle, ctypes.pointer(status))
    return [getattr(status, name) for name in _SRAM_COUNTERS]


def _read_fabric(asking: Asking, handle: "Any") -> "Dict[str, Any]":
    refused = Refused(0)
    for structure, function, more in (
        ("c_nvmlGpuFabricInfo_v3_t", "nvmlDeviceGetGpuFabricInfoV", ("healthMask", "healthSummary")),
        ("c_nvmlGpuFabricInfo_v2_t", "nvmlDeviceGetGpuFabricInfoV", ("healthMask",)),
        ("c_nvmlGpuFabricInfo_t", "nvmlDeviceGetGpuFabricInfo", ()),
    ):
        try:
            info = asking.call(structure)
            asking.call(function, handle, ctypes.pointer(info))
            state = info.state & 0xFF  # one byte in nvml.h, four in the bindings: the other three are padding
            values = [state] + [getattr(info, name) for name in _FABRIC_FIELDS + more]
            return {"fabric": values, "cluster": bytes(bytearray(info.clusterUuid)).hex()}
        except Refused as error:
            refused = error
            if error.code not in _TOO_NEW:
                break
    return {"fabric": {"!": refused.code}}


def _unrepairable(asking: Asking, handle: "Any") -> int:
    """Ask by the driver's own entry: the bindings' structure begins with a version, nvml.h's (R590) does not, and read
    through the bindings' the flag would be 0 whatever the driver says.
    """
    entry = asking.call("_nvmlGetFunctionPointer", "nvmlDeviceGetUnrepairableMemoryFlag_v1")
    asked = (0x1000008, _UNTOUCHED)
    words = (ctypes.c_uint * 2)(*asked)
    code = entry(handle, ctypes.pointer(words))
    asking.alive()
    if code != 0:
        raise Refused(code)
    if words[1] != _UNTOUCHED:
        return int(words[1])
    if words[0] != asked[0]:
        return int(words[0])
    raise Refused("untouched")


def _check_inforom(asking: Asking, handle: "Any") -> int:
    """Let the driver verify the checksums, as each run of nvidia-smi does; a corrupt one is refused with 14."""
    asking.call("nvmlDeviceValidateInforom", handle)
    return 1
