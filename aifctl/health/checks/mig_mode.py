"""Is MIG as it should be?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import FIX, WATCH, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_KEY = "gpu.mig"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    expected = case.expect(_KEY)
    current = ask(gpu, "mig_current", case, "MIG mode")
    if current != expected.value:
        said = f"has MIG {'on' if current else 'off'}: nvidia-smi -mig {int(expected.value)}"
        yield gpu_finding(
            "mig-mode", gpu, "current", FIX, said, observed=current, expected=expected.value, source=expected.source
        )
    pending = ask_if_any(gpu, "mig_pending", case)
    if pending is not None and pending != current:
        said = f"is to have MIG {'on' if pending else 'off'} after its next reset"
        yield gpu_finding(
            "mig-mode", gpu, "pending", WATCH, said, observed=pending, expected=current, source=expected.source
        )


CHECK = Check(
    name="mig-mode",
    about="MIG mode is what the profile says, and stays so.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=bool, about="whether GPUs are cut into instances"),),
    detail="A GPU that is cut into instances is another GPU to jobs that want a whole one.",
    explained_by=("gpu-lost", "pci-lost"),
)
