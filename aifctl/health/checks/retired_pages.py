"""Has a GPU older than Ampere retired too many pages?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RMA, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_MOST = "gpu.retired_pages_most_count"
_SOURCE = "NVIDIA dynamic page retirement: pages are taken out of use at the next reboot"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    pending = ask(gpu, "retired_pending", case, "retired pages pending")
    if pending:
        said = "has pages that are retired at the next reboot"
        yield gpu_finding(
            "retired-pages", gpu, "pending", (Result.DEGRADED, Action.REBOOT), said, observed=True, expected=False,
            source=_SOURCE,
        )  # fmt: skip
    counts = [ask_if_any(gpu, name, case) for name in ("retired_single_bit_count", "retired_double_bit_count")]
    count = sum(one or 0 for one in counts)
    if count and count > (most := case.expect(_MOST)).value:
        said = f"has retired {count} pages, and {most.value} is the most: replace it"
        yield gpu_finding(
            "retired-pages", gpu, "count", RMA, said, observed=count, expected=most.value, source=most.source
        )


CHECK = Check(
    name="retired-pages",
    about="A GPU that retires pages has not retired too many, and none waits.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_MOST, type=int, low=0, high=1000, about="pages that a GPU has retired, at most"),),
    detail="Only before Ampere: an H100 remaps rows, and tells N/A here, which is healthy.",
    explained_by=("gpu-lost", "pci-lost"),
)
