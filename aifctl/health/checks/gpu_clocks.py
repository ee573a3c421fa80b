"""May each GPU run as fast as it can?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import FIX, ask, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_APPLICATION = "gpu.application_sm_clock_mhz"
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
    expected, now = case.expect(_APPLICATION), ask_if_any(gpu, "application_sm_clock_mhz", case)
    if now is not None and now < expected.value:
        said = f"is set to an SM clock of {now} MHz for applications, and its kind to {expected.value} MHz: nvidia-smi -rac"
        yield gpu_finding(
            "gpu-clocks", gpu, "application", FIX, said, observed=now, expected=expected.value, source=expected.source
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
        Threshold(key=_APPLICATION, type=int, low=100, high=10000, about="SM clock that applications get, MHz"),
    ),
    detail="What the clocks are now says nothing: an idle GPU is slow. Told is what they may reach at most, and what somebody has set them to for applications (newer drivers no longer say).",
    explained_by=("gpu-lost", "pci-lost"),
)
