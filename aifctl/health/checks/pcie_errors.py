"""Has a GPU's PCIe link had errors that count?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import CABLE, DRAIN, WATCH, ask, gpu_finding
from aifctl.diagnosis.growth_rate import has_grown, last_grown_at
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import gpu_identity
from aifctl.diagnosis.subjects import gpus

_WINDOW = "pci.aer_window_s"
_COUNTERS = (
    ("fatal", DRAIN, "fatal PCIe error(s)"),
    ("bad_tlp", CABLE, "damaged PCIe packet(s)"),
    ("lcrc", WATCH, "PCIe packet(s) with a wrong checksum"),
    ("nonfatal", WATCH, "PCIe error(s) that were not corrected"),
)
_NAMES = tuple(f"pcie_{name}" for name, *_ in _COUNTERS)
_SOURCE = "NVML_FI_DEV_PCIE_COUNT_*: none of these grows on a healthy link"


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    return not has_grown(case.memory, _NAMES) and not any(isinstance(gpu.pcie_errors, Absent) for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    ask(gpu, "pcie_errors", case, "PCIe errors")
    identity = gpu_identity(gpu)
    if any((identity, counter) in case.memory.growths for counter in _NAMES):
        yield from _grown(gpu, identity, case)


def _grown(gpu: Gpu, identity: str, case: Case) -> Iterator[Finding]:
    window = case.expect(_WINDOW)
    for counter, (name, verdict, what) in zip(_NAMES, _COUNTERS, strict=True):
        count = case.memory.grown(identity, counter, within_s=window.value, now_s=case.reading.at_s)
        if count:
            said = f"has had {count} {what} in the last {window.value / 3600:g} h"
            yield gpu_finding(
                "pcie-errors", gpu, name, verdict, said, observed=count, expected=0, source=_SOURCE,
                at_s=last_grown_at(case.memory, identity, counter),
            )  # fmt: skip


CHECK = Check(
    name="pcie-errors",
    about="PCIe links of GPUs have had no fatal error and no bad packets.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds that an error is held against it"),),
    detail="NVML's counters 173 to 183, by their growth in this boot and driver load. Replays are pcie-replays.",
    moving=True,
    explained_by=("pci-aer", "pcie-link", "gpu-pcie-link", "gpu-lost", "pci-lost"),
)
