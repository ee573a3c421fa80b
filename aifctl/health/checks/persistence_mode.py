"""Does the driver stay loaded while nobody uses it?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_KEY = "gpu.persistence_mode"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    expected = case.expect(_KEY)
    mode = ask(gpu, "persistence_mode", case)
    if mode != expected.value:
        said = f"has persistence mode {'on' if mode else 'off'}: nvidia-persistenced, or nvidia-smi -pm {int(expected.value)}"
        yield gpu_finding(
            "persistence-mode", gpu, "mode", (Result.WATCH, Action.FIX), said, observed=mode, expected=expected.value,
            source=expected.source,
        )  # fmt: skip


CHECK = Check(
    name="persistence-mode",
    about="Persistence mode is on where it should be.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=bool, about="whether the driver stays loaded"),),
    detail="Without it each look initialises all GPUs anew: nvidia-smi takes 24 to 30 s in place of 2, and counters begin again.",
    explained_by=("gpu-lost", "pci-lost"),
)
