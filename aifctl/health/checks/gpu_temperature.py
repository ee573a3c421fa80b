"""How near is a GPU to the temperature that slows it down?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import DRAIN, WATCH, ask, ask_if_any, gpu_finding, measure_of
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_OWN = "the GPU's own limit"
_SLOWDOWN, _NEAR, _MEMORY = "gpu.margin_slowdown_c", "gpu.margin_watch_c", "gpu.memory_temperature_most_c"


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    near_c, most_c = case.expect(_NEAR).value, case.expect(_MEMORY).value
    limits: set[Any] = {gpu.limit_slowdown_c for gpu in gpus}
    least_c = max(near_c, *limits)
    return all(gpu.margin_c > least_c and gpu.memory_temperature_c < most_c for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    margin_c = ask_if_any(gpu, "margin_c", case)
    if margin_c is not None:
        yield from _by_margin(gpu, margin_c, case)
    else:
        yield from _by_degrees(gpu, case)
    memory_c = ask_if_any(gpu, "memory_temperature_c", case)
    if memory_c is not None and memory_c >= (most := case.expect(_MEMORY)).value:
        said = f"has HBM at {memory_c} C, and {most.value:g} C is the edge"
        yield gpu_finding(
            "gpu-temperature", gpu, "memory", WATCH, said, observed=memory_c, expected=most.value, source=most.source
        )


def _by_margin(gpu: Gpu, margin_c: int, case: Case) -> Iterator[Finding]:
    limit_c, source = _slowdown_limit(gpu, case)
    said = f"has a margin of {margin_c} C left, and is slowed down at {limit_c:g} C"
    if margin_c <= limit_c:
        yield gpu_finding(
            "gpu-temperature", gpu, "slowdown", DRAIN, said, observed=margin_c, expected=limit_c, source=source
        )
    elif margin_c <= (near := case.expect(_NEAR)).value:
        yield gpu_finding(
            "gpu-temperature", gpu, "near", WATCH, said, observed=margin_c, expected=near.value, source=near.source
        )


def _slowdown_limit(gpu: Gpu, case: Case) -> tuple[float, str]:
    """Return the margin at which it is slowed down, as it tells it, or else as its kind has it; and who says so."""
    if not isinstance(gpu.limit_slowdown_c, Absent):
        return gpu.limit_slowdown_c, _OWN
    slowdown = case.expect(_SLOWDOWN)
    return slowdown.value, slowdown.source


def _by_degrees(gpu: Gpu, case: Case) -> Iterator[Finding]:
    now_c, limit_c = ask(gpu, "temperature_c", case), ask(gpu, "slowdown_temperature_c", case)
    if now_c >= limit_c:
        said = f"is at {now_c} C, and is slowed down at {limit_c} C"
        yield gpu_finding(
            "gpu-temperature", gpu, "slowdown", DRAIN, said, observed=now_c, expected=limit_c, source=_OWN
        )


CHECK = Check(
    name="gpu-temperature",
    about="No GPU and no HBM is at the edge of its temperature.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_SLOWDOWN, type=float, low=-50, high=20, about="margin at which a GPU is slowed down, C"),
        Threshold(key=_NEAR, type=float, low=-50, high=50, about="margin from which on it is watched, C"),
        Threshold(key=_MEMORY, type=float, low=40, high=130, about="temperature from which on HBM is watched, C"),
    ),
    detail="An H100 tells margins and no absolute limits; older GPUs tell degrees. Neighbours in the rack that are as hot are the cooling.",
    moving=True,
    measure=measure_of("temperature_c"),
    explained_by=("gpu-lost", "throttle"),
)
