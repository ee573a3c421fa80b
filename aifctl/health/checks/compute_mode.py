"""May jobs share a GPU as they expect to?"""

from __future__ import annotations

from collections.abc import Iterable

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import FIX, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_KEY = "gpu.compute_mode"


def _judge(gpu: Gpu, case: Case) -> Iterable[Finding]:
    expected, mode = case.expect(_KEY), ask(gpu, "compute_mode", case)
    if mode == expected.value:
        return ()
    said = f"is in compute mode {mode} in place of {expected.value}: nvidia-smi -c {expected.value.upper()}"
    found = gpu_finding(
        "compute-mode", gpu, "mode", FIX, said, observed=mode, expected=expected.value, source=expected.source
    )
    return (found,)


CHECK = Check(
    name="compute-mode",
    about="The compute mode of each GPU is what the profile says.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=str, about="Default, Exclusive_Process, Exclusive_Thread or Prohibited"),),
    detail="Prohibited turns every job away, Exclusive_Process all that need a second process: both look like a broken job.",
    explained_by=("gpu-lost", "pci-lost"),
)
