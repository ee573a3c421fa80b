"""Has HBM had errors that could not be corrected?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVIDIA GPU memory error management: uncorrectable errors in DRAM are remapped; the failure of that is the criterion"


def _all_fine(gpus: Sequence[Gpu], _case: Case) -> bool:
    return all(gpu.dram_uncorrected_volatile_count == 0 for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    count = ask(gpu, "dram_uncorrected_volatile_count", case, "uncorrectable errors of HBM")
    if count > 0:
        said = f"has had {count} uncorrectable error(s) in HBM since the driver was loaded: see whether its rows were remapped"
        yield gpu_finding(
            "dram-ecc", gpu, "uncorrected", (Result.WATCH, Action.APP), said, observed=count, expected=0, source=_SOURCE
        )


CHECK = Check(
    name="dram-ecc",
    about="HBM has had no uncorrectable error since the driver was loaded.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    detail="Not a reason to drain by itself: the row is remapped, and row-remap-failure says where that did not work.",
    moving=True,
    explained_by=("gpu-lost", "row-remap-failure", "row-remap-pending", "xid"),
)
