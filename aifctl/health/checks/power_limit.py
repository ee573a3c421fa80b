"""Has each GPU its full power limit?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import FIX, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_KEY = "gpu.power_limit_w"
_ROUNDING_W = 1.0


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    expected = case.expect(_KEY)
    limit_w = ask(gpu, "power_limit_w", case, "power limit")
    if abs(limit_w - expected.value) > _ROUNDING_W:
        said = f"is limited to {limit_w:g} W in place of {expected.value:g} W: nvidia-smi -pl {expected.value:g}"
        yield gpu_finding(
            "power-limit", gpu, "limit", FIX, said, observed=limit_w, expected=expected.value, source=expected.source
        )


CHECK = Check(
    name="power-limit",
    about="The enforced power limit of each GPU is what it should be.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=float, low=50, high=1500, about="enforced power limit of a GPU, W"),),
    detail="A lower limit makes one GPU of thousands the slowest of its job, and nothing else says so.",
    explained_by=("gpu-lost", "pci-lost"),
)
