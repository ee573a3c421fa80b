"""Does a GPU draw any power?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, ask, gpu_finding
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.diagnosis.subjects import gpu_subject, gpus

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


def _measure(reading: Reading) -> dict[str, float]:
    return {
        gpu_subject(gpu): float(gpu.power_w)
        for gpu in (reading.gpu.gpus if reading.gpu else ())
        if not isinstance(gpu.power_w, Absent)
    }


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
    measure=_measure,
    explained_by=("gpu-lost", "pci-lost"),
)
