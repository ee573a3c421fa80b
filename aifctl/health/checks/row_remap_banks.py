"""How many spare rows are left?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.core.words import counted
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RMA, WATCH, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_MOST = "gpu.remapped_rows_most_count"
_USED_UP = ("low", "none")
_SOURCE = "own choice: of 2,560 healthy banks on an H100 all have the most spare rows"


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    banks = ask_if_any(gpu, "remap_banks", case)
    low = sum(banks.get(name, 0) for name in _USED_UP) if banks else 0
    if banks and low:
        said = f"has {counted(low, 'bank')} of HBM with few spare rows left, or none"
        yield gpu_finding(
            "row-remap-banks", gpu, "banks", WATCH, said, observed=dict(banks), expected=0, source=_SOURCE
        )
    count = ask(gpu, "remap_uncorrected_count", case, "remapped rows")
    if count and count > (most := case.expect(_MOST)).value:
        said = f"has remapped {count} rows after uncorrectable errors, and {most.value} is the most: replace it"
        yield gpu_finding(
            "row-remap-banks", gpu, "rows", RMA, said, observed=count, expected=most.value, source=most.source
        )


CHECK = Check(
    name="row-remap-banks",
    about="Each bank of HBM has spare rows left, and no more rows were remapped than there can be.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(
        Threshold(key=_MOST, type=int, low=0, high=100000, about="rows remapped after uncorrectable errors, at most"),
    ),
    detail="A bank without spares is no fault yet: its next bad row is, and row-remap-failure will say so.",
    explained_by=("gpu-lost", "pci-lost"),
)
