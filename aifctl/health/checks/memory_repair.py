"""Does a part of the memory wait for repair, or can it not be repaired?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RMA, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_SOURCE = "NVML, nvmlDeviceGetRepairStatus and nvmlDeviceGetUnrepairableMemoryFlag; Xid 156 and 157"
_PENDING = (("channel", "channel_repair_pending", "a memory channel"), ("tpc", "tpc_repair_pending", "a TPC"))


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if ask_if_any(gpu, "unrepairable_memory", case):
        said = "has memory that can't be repaired: replace it"
        yield gpu_finding(
            "memory-repair", gpu, "unrepairable", RMA, said, observed=True, expected=False, source=_SOURCE
        )
    for code, name, what in _PENDING:
        if ask_if_any(gpu, name, case):
            said = f"has {what} that is repaired at its next reset: reset it when it is idle"
            yield gpu_finding(
                "memory-repair", gpu, code, (Result.DEGRADED, Action.RESET), said, observed=True, expected=False,
                source=_SOURCE,
            )  # fmt: skip


CHECK = Check(
    name="memory-repair",
    about="No channel, TPC or memory of a GPU waits for repair.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="Told by drivers from R580 and R590 on; older ones have no word for it.",
    explained_by=("gpu-lost", "pci-lost"),
)
