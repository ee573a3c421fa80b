"""Does a GPU draw any power?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, ask, gpu_finding, measure_of
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_LEAST = "gpu.power_least_w"


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    least_w = case.expect(_LEAST).value
    return all(gpu.power_w >= least_w for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterable[Finding]:
    power_w, least = ask(gpu, "power_w", case, "power"), case.expect(_LEAST)
    if power_w >= least.value:
        return ()
    said = f"tells a draw of {power_w:g} W: its sensor is dead, or it is"
    found = gpu_finding(
        "gpu-power", gpu, "none", WATCH, said, observed=power_w, expected=least.value, source=least.source
    )
    return (found,)


CHECK = Check(
    name="gpu-power",
    about="Every GPU draws power.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(Threshold(key=_LEAST, type=float, low=0, high=500, about="least that a GPU draws when idle, W"),),
    detail="A GPU that reports none has a dead sensor or worse. How much it draws says nothing by itself; peers do.",
    moving=True,
    measure=measure_of("power_w"),
    explained_by=("gpu-lost", "pci-lost"),
)
