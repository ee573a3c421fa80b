"""Has a GPU left its driver?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import REBOOT, RESET, every_gpu, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.xids import OFF_BUS


def _judge(gpu: Gpu, _case: Case) -> Iterator[Finding]:
    if gpu.lost:
        said = (
            "is lost: the driver can't reach it any more; drain, power the node off and on, the second time replace it"
        )
        yield gpu_finding(
            "gpu-lost", gpu, "lost", REBOOT, said, observed="GPU is lost", source="NVML_ERROR_GPU_IS_LOST"
        )
    elif gpu.requires_reset:
        said = "answers nothing before it is reset"
        yield gpu_finding(
            "gpu-lost",
            gpu,
            "requires-reset",
            RESET,
            said,
            observed="reset required",
            source="NVML_ERROR_RESET_REQUIRED",
        )


CHECK = Check(
    name="gpu-lost",
    about="Every GPU answers its driver.",
    section=SectionName.GPU,
    subjects=every_gpu,
    judge=_judge,
    detail="NVML's own word for a GPU that has fallen off the bus or has to be reset. A lost GPU tells nothing else; the "
    "others are judged all the same.",
    needs=NEEDS,
    again={"lost": OFF_BUS},
    explained_by=("pci-lost", "gpu-fell-off", "xid"),
)
