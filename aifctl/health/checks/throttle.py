"""Does the hardware hold a GPU back?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from aifctl.diagnosis.absent import UNTOLD, Absent
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import DRAIN, WATCH, all_told, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.growth_rate import has_grown
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import POWER_CAP_GRAIN_US, gpu_identity
from aifctl.diagnosis.subjects import gpus

_LASTING, _SHARE = "gpu.throttle_lasting_s", "gpu.throttle_share_pct"
#: What holds where nobody knows the SKU: the evidence needs no profile.
_USUAL = {_LASTING: 300.0, _SHARE: 50.0}
_SOURCE = "NVML, nvmlClocksEventReasons: HW slowdown, HW thermal and HW power brake halve the clocks or worse"

_HW_SLOWDOWN = 0x8
#: Code, bit of the reasons, counter of the time, what it is.
_HARD = (
    ("power-brake", 0x80, "hw_power_brake_us", "by the hardware's power brake: power supply, or the chassis' own word"),
    ("hw-thermal", 0x40, "hw_thermal_us", "by the hardware for heat: cooling, or its heat sink"),
)
#: Code, bit, counter, key of the share from which on it is watched, what it is.
_SOFT = (
    ("sw-thermal", 0x20, "sw_thermal_us", "gpu.sw_thermal_share_pct", "by its driver for heat"),
    ("sw-power-cap", 0, "sw_power_cap_us", "gpu.sw_power_cap_share_pct", "at its power limit"),
)
_ANY_BIT = _HW_SLOWDOWN | 0x80 | 0x40 | 0x20


_TIMES = tuple(row[2] for row in (*_HARD, *_SOFT))
_times = attrgetter(*_TIMES)


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    if has_grown(case.memory, _TIMES):
        return False
    reasons = {gpu.throttle_reasons for gpu in gpus}
    held_back = any(isinstance(one, Absent) or one & _ANY_BIT for one in reasons)
    return not held_back and UNTOLD.isdisjoint(all_told(gpus, _times))


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    reasons = ask(gpu, "throttle_reasons", case, "reasons of lower clocks")
    hard = [finding for row in _HARD for finding in _by_hardware(gpu, reasons, case, *row)]
    if not hard and reasons & _HW_SLOWDOWN:
        said = "is slowed down by the hardware, which does not say why"
        hard = [_fault(gpu, "hw-slowdown", said, reasons, _number(case, _LASTING))]
    yield from hard
    for row in _SOFT:
        yield from _by_software(gpu, reasons if not hard else 0, case, *row)
    for name in _TIMES:
        ask_if_any(gpu, name, case)


def _by_hardware(gpu: Gpu, reasons: int, case: Case, code: str, bit: int, counter: str, by: str) -> Iterator[Finding]:
    share_pct = _share_pct(gpu, counter, case)
    for_long = share_pct >= _number(case, _SHARE)
    since = f", {share_pct:.0f} % of the time since the last look" if share_pct else ""
    if reasons & bit or for_long:
        now = "is" if reasons & bit else "was"
        lasting_s = 0.0 if for_long else _number(case, _LASTING)
        yield _fault(gpu, code, f"{now} held back {by}{since}", reasons, lasting_s)
    elif share_pct:
        said = f"was held back {by}{since}, and is not now"
        yield gpu_finding("throttle", gpu, code, WATCH, said, observed=round(share_pct, 1), expected=0, source=_SOURCE)


def _by_software(
    gpu: Gpu, reasons: int, case: Case, code: str, bit: int, counter: str, key: str, by: str
) -> Iterator[Finding]:
    share_pct = _share_pct(gpu, counter, case)
    most = case.profile.expectations.get(key) if case.profile else None
    if most is not None and share_pct > most.value:
        said = f"was held back {by} for {share_pct:.0f} % of the time since the last look"
        yield gpu_finding(
            "throttle", gpu, code, WATCH, said, observed=round(share_pct, 1), expected=most.value, source=most.source
        )
    elif reasons & bit:
        said = f"is held back {by}"
        yield gpu_finding("throttle", gpu, code, WATCH, said, observed=f"0x{reasons:x}", source=_SOURCE)


def _fault(gpu: Gpu, code: str, said: str, reasons: int, lasting_s: float) -> Finding:
    return gpu_finding(
        "throttle", gpu, code, DRAIN, said, observed=f"0x{reasons:x}", expected="none", source=_SOURCE,
        lasting_s=lasting_s,
    )  # fmt: skip


def _share_pct(gpu: Gpu, counter: str, case: Case) -> float:
    """Return for how much of the time since the last look the counter ran, at least; 0 where that is not told."""
    growths = case.memory.growths.get((gpu_identity(gpu), counter), ())
    last = growths[-1] if growths and growths[-1].at_s == case.reading.at_s else None
    if last is None or last.seconds <= 0:
        return 0.0
    grain_us = POWER_CAP_GRAIN_US if counter == "sw_power_cap_us" else 0
    return min(100.0, max(0.0, last.count - grain_us) / 1e6 / last.seconds * 100.0)


def _number(case: Case, key: str) -> float:
    expectation = case.profile.expectations.get(key) if case.profile else None
    return float(expectation.value) if expectation else _USUAL[key]


CHECK = Check(
    name="throttle",
    about="No GPU is slowed down by the hardware: not by heat, not by a power brake.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_LASTING, type=float, low=0, high=86400, about="seconds that it must last to be a fault"),
        Threshold(
            key=_SHARE, type=float, low=0.1, high=100, about="percent of the time since the last look that is for long"
        ),
        *(
            Threshold(key=key, type=float, low=0, high=100, about=f"percent of the time held back {by} that is watched")
            for *_, key, by in _SOFT
        ),
    ),
    detail="By the reasons of the moment, and by NVML's counters of time (from R575 on) for what lay between two looks. At "
    "first sight it is degraded; what lasts is a fault. Idle clocks and the power cap are normal: a healthy node has spent "
    "hours at its cap. All GPUs of a node at once are the chassis or its power, one of them is that GPU.",
    moving=True,
    explained_by=("gpu-lost", "pci-lost"),
)
