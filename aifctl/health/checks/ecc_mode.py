"""Is ECC on?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_KEY = "gpu.ecc"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    expected = case.expect(_KEY)
    current = ask(gpu, "ecc_current", case, "ECC mode")
    if current != expected.value:
        said = f"runs with ECC {'on' if current else 'off'}: nvidia-smi -e {int(expected.value)}, then reboot"
        yield gpu_finding(
            "ecc-mode", gpu, "current", (Result.DEGRADED, Action.REBOOT), said, observed=current,
            expected=expected.value, source=expected.source,
        )  # fmt: skip
    pending = ask_if_any(gpu, "ecc_pending", case)
    if pending is not None and pending != current:
        said = f"is to have ECC {'on' if pending else 'off'} after the next reboot"
        yield gpu_finding(
            "ecc-mode", gpu, "pending", (Result.WATCH, Action.REBOOT), said, observed=pending, expected=current,
            source=expected.source,
        )  # fmt: skip


CHECK = Check(
    name="ecc-mode",
    about="ECC is on, and stays on after the next reboot.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(Threshold(key=_KEY, type=bool, about="whether ECC is on"),),
    detail="With ECC off errors in memory go unseen, and rows can't be remapped (Xid 168).",
    explained_by=("gpu-lost", "pci-lost"),
)
