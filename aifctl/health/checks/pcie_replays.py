"""Does a GPU's PCIe link repeat itself more than a healthy one?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import CABLE, ask, gpu_finding
from aifctl.diagnosis.growth_rate import grown_in, last_grown_at
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import gpu_identity
from aifctl.diagnosis.subjects import gpus

_PER_MIN, _WINDOW = "gpu.pcie_replays_per_min", "gpu.pcie_replay_window_s"


def _judge(gpu: Gpu, case: Case) -> Iterable[Finding]:
    ask(gpu, "pcie_replay_count", case, "PCIe replays")
    growths, identity = case.memory.growths, gpu_identity(gpu)
    return _fast(gpu, identity, case) if growths and (identity, "pcie_replay_count") in growths else ()


def _fast(gpu: Gpu, identity: str, case: Case) -> Iterator[Finding]:
    most, window = case.expect(_PER_MIN), case.expect(_WINDOW)
    grown = grown_in(case.memory, identity, "pcie_replay_count", window_s=window.value, now_s=case.reading.at_s)
    per_min = grown * 60.0 / window.value
    if per_min > most.value:
        said = f"replays {per_min:.3g} PCIe packets a minute, and {most.value:g} is the most: reseat the board, then replace it"
        yield gpu_finding(
            "pcie-replays", gpu, "rate", CABLE, said, observed=round(per_min, 2), expected=most.value,
            source=most.source, at_s=last_grown_at(case.memory, identity, "pcie_replay_count"),
        )  # fmt: skip


CHECK = Check(
    name="pcie-replays",
    about="PCIe links replay no more than healthy ones do.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(
        Threshold(key=_PER_MIN, type=float, low=0, high=1e6, about="replays a minute of a GPU's whole link, at most"),
        Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds over which that is taken"),
    ),
    detail="What the counter stands at says nothing: a healthy node shows 43 to 174. Judged is its growth in this boot and driver load.",
    moving=True,
    explained_by=("pcie-link", "gpu-pcie-link", "gpu-lost", "pci-lost", "pci-aer"),
)
