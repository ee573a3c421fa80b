"""Does each GPU answer what it is asked?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, all_told, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_REFUSALS = (Absent.ERROR, Absent.TIMEOUT, Absent.LOST, Absent.REQUIRES_RESET)
_BAD = frozenset(_REFUSALS)
#: What no other check asks for: where one does, it is unknown there by itself.
_NAMES = (
    "index", "name", "uuid", "serial", "device_id", "board_part_number", "module_id", "memory_total_bytes",
    "memory_used_bytes", "utilization_pct", "memory_utilization_pct", "sm_clock_mhz", "memory_clock_mhz",
    "performance_state", "temperature_c", "limit_shutdown_c", "limit_slowdown_c", "limit_max_operating_c",
    "slowdown_temperature_c", "shutdown_temperature_c", "power_limit_default_w", "pcie_generation_max",
    "pcie_width_max", "remap_corrected_count", "fabric_cluster_uuid", "sram_corrected_aggregate_count",
    "dram_corrected_aggregate_count", "dram_uncorrected_aggregate_count", "retired_single_bit_count",
    "retired_double_bit_count",
)  # fmt: skip
_values = attrgetter(*_NAMES)
#: One that says that it has none of these says nothing at all.
_EVERY_GPU_HAS = ("temperature_c", "power_w", "memory_total_bytes")
_MOST_NAMED = 6


def _all_fine(gpus: Sequence[Gpu], _case: Case) -> bool:
    if any(gpu.temperature_c in NEUTRAL for gpu in gpus):
        return False
    return all(isinstance(gpu.processes, tuple) for gpu in gpus) and _BAD.isdisjoint(all_told(gpus, _values))


def _judge(gpu: Gpu, _case: Case) -> Iterator[Finding]:
    for why in _REFUSALS:
        names = [name for name in (*_NAMES, "processes") if getattr(gpu, name) is why]
        if names:
            further = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            named = ", ".join(name.replace("_", " ") for name in names[:_MOST_NAMED]) + further
            yield gpu_finding(
                "gpu-answers", gpu, why.value, WATCH, f"answers {why.value!r} when asked for {named}", observed=names,
                expected="a value, or that it has none", source="nvml.h: error codes that no working GPU returns",
            )  # fmt: skip
    if all(getattr(gpu, name) in NEUTRAL for name in _EVERY_GPU_HAS):
        raise CannotTellError("temperature, power and memory", "the GPU says that it has none, and every GPU has")


CHECK = Check(
    name="gpu-answers",
    about="Each GPU answers what it is asked, if only that it has no such thing.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    detail="Unknown Error, ERR!, a time-out, or GPU is lost in place of a value that no other check asks for; where one does, it "
    "is unknown there. One that says of all that every GPU has that it has none is unknown, too.",
    moving=True,
    explained_by=("gpu-lost", "pci-lost", "xid"),
)
