"""Does the driver tell as many GPUs as the node has?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import Absent, CannotTellError, NeutralError, known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.recurring import NEEDS
from aifctl.diagnosis.smi_nvlink import SOURCE
from aifctl.diagnosis.subjects import NODE, gpu_section


def _judge(section: GpuSection, case: Case) -> Iterator[Finding]:
    if section.told_count is Absent.MISSING and section.source == SOURCE:
        raise NeutralError("number of GPUs")  # one GPU's links are no listing of all
    seen, told_count = len(section.gpus), told(section.told_count, "number of GPUs")
    if seen < told_count:
        raise CannotTellError("all GPUs", f"{told_count} are told of, and {seen} can be read")
    excluded = known(section.excluded_count, 0)
    if excluded:
        yield _finding(
            "excluded",
            Result.DEGRADED,
            Action.FIX,
            f"the driver was told to leave {excluded} GPU(s) alone",
            excluded,
            0,
            "",
        )
    expected = case.expect("gpu.count")
    if seen + excluded < expected.value:
        said = (
            f"the driver has {seen} of {expected.value} GPUs: reboot; if one is still missing then it is to be replaced"
        )
        yield _finding("missing", Result.FAULT, Action.REBOOT, said, seen, expected.value, expected.source)


def _finding(
    code: str, result: Result, action: Action, message: str, observed: int, expected: int, source: str
) -> Finding:
    return Finding(
        check="gpu-count", subject=NODE, code=code, result=result, action=action, message=message, observed=observed,
        expected=expected, source=source,
    )  # fmt: skip


CHECK = Check(
    name="gpu-count",
    about="The driver has all GPUs that the node's kind has.",
    section=SectionName.GPU,
    subjects=gpu_section,
    judge=_judge,
    needs=(Threshold(key="gpu.count", type=int, low=1, high=16, about="GPUs that the node has"), *NEEDS),
    detail="pci-gpu-count says whether the bus has those that the driver misses. A listing that ends before its last GPU is "
    "unknown, never a missing GPU.",
    again={"missing": "missing"},
    explained_by=("pci-gpu-count", "pci-lost"),
)
