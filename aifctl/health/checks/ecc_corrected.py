"""Does a GPU correct far more errors of memory than its peers?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, ask_if_any, gpu_finding, measure_of
from aifctl.diagnosis.peers import is_far_above
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_COUNTS = ("dram_corrected_volatile_count", "sram_corrected_volatile_count")


_DEVIATIONS, _LEAST = "gpu.ecc_corrected_deviations_count", "gpu.ecc_corrected_least_count"


def _all_fine(gpus: Sequence[Gpu], _case: Case) -> bool:
    return all(gpu.dram_corrected_volatile_count == 0 == gpu.sram_corrected_volatile_count for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterable[Finding]:
    count = sum(ask_if_any(gpu, name, case) or 0 for name in _COUNTS)
    peers = case.peers.get("ecc-corrected")
    if peers is None:
        return ()
    deviations, least = case.expect(_DEVIATIONS), case.expect(_LEAST)
    if not is_far_above(count, peers, deviations=deviations.value, least=least.value):
        return ()
    said = f"has corrected {count} errors of memory since the driver was loaded, and half of its peers {peers.p50:g} at most"
    found = gpu_finding(
        "ecc-corrected", gpu, "outlier", WATCH, said, observed=count, expected=peers.p50, source=least.source,
        facts={"peers": peers.count, "p99": peers.p99},
    )  # fmt: skip
    return (found,)


CHECK = Check(
    name="ecc-corrected",
    about="No GPU has corrected far more errors of memory than its peers.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_DEVIATIONS, type=float, low=1, high=1e6, about="median deviations above the peers' median"),
        Threshold(key=_LEAST, type=int, low=0, high=1e9, about="corrected errors above the peers' median, at least"),
    ),
    detail="Tools that set a limit differ by a factor of 5,000 (10,000 to 50 million), so that only peers can tell. By itself "
    "a corrected error is no finding.",
    moving=True,
    measure=measure_of(*_COUNTS),
    explained_by=("gpu-lost", "pci-lost"),
)
