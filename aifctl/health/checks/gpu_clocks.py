"""May each GPU run as fast as it can?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import FIX, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_CLOCKS = (
    ("sm", "sm_clock_max_mhz", "gpu.sm_clock_max_mhz", "SM clock"),
    ("memory", "memory_clock_max_mhz", "gpu.memory_clock_max_mhz", "memory clock"),
)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    for code, name, key, what in _CLOCKS:
        expected, most = case.expect(key), ask(gpu, name, case)
        if most < expected.value:
            said = f"may reach a {what} of {most} MHz, and its kind reaches {expected.value} MHz: nvidia-smi -rgc, -rmc"
            yield gpu_finding(
                "gpu-clocks", gpu, code, FIX, said, observed=most, expected=expected.value, source=expected.source
            )


CHECK = Check(
    name="gpu-clocks",
    about="The clocks that each GPU may reach are its kind's.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(
        *(
            Threshold(key=key, type=int, low=100, high=10000, about=f"highest {what}, MHz")
            for _, _, key, what in _CLOCKS
        ),
    ),
    detail="What the clocks are now says nothing: an idle GPU is slow. Told is what they may reach at most.",
    explained_by=("gpu-lost", "pci-lost"),
)
