"""Has the GPU's SRAM had errors that could not be corrected?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import RESET, RMA, WATCH, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_MOST = "gpu.sram_uncorrected_most_count"
_VERDICT = "NVIDIA Xid catalogue, Xid 48: SRAM Threshold Exceeded means that the GPU is to be replaced"


def _all_fine(gpus: Sequence[Gpu], _case: Case) -> bool:
    return all(
        gpu.sram_uncorrected_volatile_count == 0 == gpu.sram_uncorrected_aggregate_count
        and gpu.sram_threshold_exceeded is False
        for gpu in gpus
    )


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    exceeded = ask_if_any(gpu, "sram_threshold_exceeded", case)
    volatile = ask(gpu, "sram_uncorrected_volatile_count", case, "uncorrectable errors of SRAM")
    lifetime = ask_if_any(gpu, "sram_uncorrected_aggregate_count", case) or 0
    most = case.profile.expectations.get(_MOST) if case.profile else None
    if exceeded:
        said = "has had more uncorrectable SRAM errors than NVIDIA allows: replace it"
        yield gpu_finding("sram-ecc", gpu, "threshold", RMA, said, observed=lifetime, expected=0, source=_VERDICT)
    elif exceeded is None and most is not None and lifetime > most.value:
        said = f"has had {lifetime} uncorrectable SRAM errors in its life: replace it"
        yield gpu_finding(
            "sram-ecc", gpu, "aggregate", RMA, said, observed=lifetime, expected=most.value, source=most.source
        )
    elif volatile > 0:
        said = f"has had {volatile} uncorrectable SRAM error(s) since the driver was loaded: drain and reset it"
        yield gpu_finding("sram-ecc", gpu, "volatile", RESET, said, observed=volatile, expected=0, source=_VERDICT)
    elif most is not None and lifetime > most.value:
        said = f"has had {lifetime} uncorrectable SRAM errors in its life, for which NVIDIA does not replace it yet"
        yield gpu_finding(
            "sram-ecc", gpu, "aggregate", WATCH, said, observed=lifetime, expected=most.value, source=most.source
        )
    if exceeded is None and lifetime:
        case.expect(_MOST)  # how many are too many nobody says


CHECK = Check(
    name="sram-ecc",
    about="SRAM has had no uncorrectable error, and never so many that NVIDIA replaces the board.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_MOST, type=int, low=0, high=10000, about="uncorrectable SRAM errors in a GPU's life, at most"),
    ),
    detail="NVIDIA's own verdict (SRAM Threshold Exceeded, from driver 535.161 and 550 on) comes first; the count stands in for it on older ones, and is watched on others.",
    moving=True,
    explained_by=("gpu-lost", "pci-lost", "xid"),
)
