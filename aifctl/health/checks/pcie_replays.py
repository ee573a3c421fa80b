"""Does a GPU's PCIe link repeat itself more than a healthy one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import CABLE, ask, gpu_finding
from aifctl.diagnosis.growth_rate import grown_in, has_grown, last_grown_at
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import gpu_identity
from aifctl.diagnosis.subjects import gpus

_COUNTER = "pcie_replay_count"
_NAMES = (_COUNTER,)
_PER_MIN, _WINDOW = "gpu.pcie_replays_per_min", "gpu.pcie_replay_window_s"


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    return not has_grown(case.memory, _NAMES) and all(isinstance(gpu.pcie_replay_count, int) for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    ask(gpu, _COUNTER, case, "PCIe replays")
    identity = gpu_identity(gpu)
    if (identity, _COUNTER) in case.memory.growths:
        yield from _grown(gpu, identity, case)


def _grown(gpu: Gpu, identity: str, case: Case) -> Iterator[Finding]:
    most, window = case.expect(_PER_MIN), case.expect(_WINDOW)
    grown = grown_in(case.memory, identity, _COUNTER, window_s=window.value, now_s=case.reading.at_s)
    per_min = grown * 60.0 / window.value
    if per_min > most.value:
        said = f"replays {per_min:.3g} PCIe packets a minute, and {most.value:g} is the most: reseat the board, then replace it"
        yield gpu_finding(
            "pcie-replays", gpu, "rate", CABLE, said, observed=round(per_min, 2), expected=most.value,
            source=most.source, at_s=last_grown_at(case.memory, identity, _COUNTER),
        )  # fmt: skip


CHECK = Check(
    name="pcie-replays",
    about="PCIe links replay no more than healthy ones do.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_PER_MIN, type=float, low=0, high=1e6, about="replays a minute of a GPU's whole link, at most"),
        Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds over which that is taken"),
    ),
    detail="What the counter stands at says nothing: a healthy node shows 43 to 174. Judged is its growth in this boot and driver load.",
    moving=True,
    explained_by=("pcie-link", "gpu-pcie-link", "gpu-lost", "pci-lost", "pci-aer"),
)
