"""Could a bad row of HBM not be remapped?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RMA, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVIDIA GPU memory error management: a row remapping failure qualifies for RMA"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if ask(gpu, "remap_failure", case, "row remapping failure"):
        said = "could not remap a bad row of HBM: replace it"
        yield gpu_finding("row-remap-failure", gpu, "failure", RMA, said, observed=True, expected=False, source=_SOURCE)


CHECK = Check(
    name="row-remap-failure",
    about="No row of HBM has failed to be remapped.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="The one criterion of memory by which NVIDIA replaces a GPU. It needs no profile: it is judged on hardware that nobody knows.",
    explained_by=("gpu-lost", "pci-lost"),
)
