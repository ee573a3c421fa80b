"""Does the hardware hold a GPU back?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import DRAIN, WATCH, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVML, nvmlClocksEventReasons: HW slowdown, HW thermal and HW power brake halve the clocks or worse"
_HW_SLOWDOWN, _SW_THERMAL, _HW_THERMAL, _POWER_BRAKE = 0x8, 0x20, 0x40, 0x80
_HARD = (
    ("power-brake", _POWER_BRAKE, "is held back by the hardware's power brake: power supply, or the chassis' own word"),
    ("hw-thermal", _HW_THERMAL, "is so hot that the hardware slows it down: cooling, or its heat sink"),
)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    reasons = ask(gpu, "throttle_reasons", case, "reasons of lower clocks")
    found = [(code, said) for code, bit, said in _HARD if reasons & bit]
    if not found and reasons & _HW_SLOWDOWN:
        found = [("hw-slowdown", "is slowed down by the hardware, which does not say why")]
    for code, said in found:
        yield gpu_finding(
            "throttle", gpu, code, DRAIN, said, observed=f"0x{reasons:x}", expected="none", source=_SOURCE
        )
    if reasons & _SW_THERMAL and not found:
        said = "is slowed down by its driver for heat"
        yield gpu_finding("throttle", gpu, "sw-thermal", WATCH, said, observed=f"0x{reasons:x}", source=_SOURCE)


CHECK = Check(
    name="throttle",
    about="No GPU is slowed down by the hardware: not by heat, not by a power brake.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="Idle clocks and the software's power cap are normal: a healthy node has spent hours at its cap. All GPUs of a node at once are the chassis or its power, one of them is that GPU.",
    moving=True,
    explained_by=("gpu-lost", "pci-lost"),
)
