"""Does a row of HBM wait to be remapped?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVIDIA GPU memory error management: remapping takes effect at the next GPU reset"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if ask(gpu, "remap_pending", case, "row remapping pending"):
        said = "has a row of HBM that is remapped at its next reset: reset it when it is idle"
        yield gpu_finding(
            "row-remap-pending", gpu, "pending", (Result.DEGRADED, Action.RESET), said, observed=True, expected=False,
            source=_SOURCE,
        )  # fmt: skip


CHECK = Check(
    name="row-remap-pending",
    about="No row of HBM waits for a reset to be remapped.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="The row is offline already where the driver could contain the error; the spare one is taken at the next reset. Nothing to replace.",
    explained_by=("gpu-lost", "pci-lost", "row-remap-failure", "xid"),
)
