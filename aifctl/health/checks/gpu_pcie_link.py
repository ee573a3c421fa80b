"""Has each GPU its full PCIe link, as the driver tells it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import known
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import ask
from aifctl.diagnosis.pcie_links import saves_power
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpu_subject, gpus
from aifctl.fleet.profile import Expectation

_GENERATION, _WIDTH, _IDLE = "gpu.pcie_generation", "gpu.pcie_width", "gpu.pcie_idle_state"


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    lanes, generation = case.expect(_WIDTH).value, case.expect(_GENERATION).value
    return all(gpu.pcie_width >= lanes and gpu.pcie_generation >= generation for gpu in gpus)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    lanes, generation = case.expect(_WIDTH), case.expect(_GENERATION)
    width = ask(gpu, "pcie_width", case, "PCIe width")
    if width < lanes.value:
        yield _finding(gpu, "width", f"x{width}", f"x{lanes.value}", lanes)
    speed = ask(gpu, "pcie_generation", case, "PCIe generation")
    if speed >= generation.value:
        return
    idle = saves_power(gpu, case.expect(_IDLE).value)
    if idle is None and speed == 1:
        ask(gpu, "performance_state", case)
    if not idle:
        yield _finding(gpu, "speed", f"gen{speed}", f"gen{generation.value}", generation)


def _finding(gpu: Gpu, code: str, observed: str, expected: str, source: Expectation) -> Finding:
    state = known(gpu.performance_state, "an unknown state")
    return Finding(
        check="gpu-pcie-link",
        subject=gpu_subject(gpu),
        code=code,
        result=Result.FAULT,
        action=Action.CABLE,
        message=f"the PCIe link of the GPU at {gpu.pci_address} is {observed} in place of {expected}, in {state}; reseat "
        "the board, then replace it",
        observed=observed,
        expected=expected,
        source=source.source,
        identity=known(gpu.serial, ""),
    )


CHECK = Check(
    name="gpu-pcie-link",
    about="Each GPU tells its full PCIe generation and width.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_GENERATION, type=int, low=1, high=6, about="PCIe generation of a GPU's link"),
        Threshold(key=_WIDTH, type=int, low=1, high=32, about="lanes of a GPU's link"),
        Threshold(
            key=_IDLE, type=int, low=1, high=15, about="performance state (P8: 8) from which on a GPU slows its link"
        ),
    ),
    detail="What pcie-link sees from the bus, told by the driver, of the GPU's own link alone.",
    moving=True,
    explained_by=("pcie-link", "pci-lost"),
)
