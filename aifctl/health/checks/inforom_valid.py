"""Is the InfoROM of each GPU whole?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RMA, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if not ask(gpu, "inforom_valid", case, "InfoROM"):
        said = "has a corrupt InfoROM: replace it"
        yield gpu_finding(
            "inforom-valid", gpu, "corrupt", RMA, said, observed=False, expected=True,
            source="nvidia-smi(1): exit 14, InfoROM is corrupted",
        )  # fmt: skip


CHECK = Check(
    name="inforom-valid",
    about="The InfoROM of each GPU is whole.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="NVML validates the InfoROM's checksums. A corrupt one loses the record of remapped rows; nothing on the node repairs it.",
    explained_by=("gpu-lost", "pci-lost"),
)
