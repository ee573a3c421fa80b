"""Has each GPU its full PCIe link, all the way up?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, known
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.pcie_links import SPEED_OF, GpuPath, gpu_at, gpu_links, gpu_paths, saves_power, shown_speed
from aifctl.diagnosis.reading import SectionName
from aifctl.fleet.profile import Expectation

_GENERATION, _WIDTH, _IDLE = "gpu.pcie_generation", "gpu.pcie_width", "gpu.pcie_idle_state"


def _all_fine(_paths: Sequence[GpuPath], case: Case) -> bool:
    full = SPEED_OF[case.expect(_GENERATION).value], case.expect(_WIDTH).value
    return gpu_links(case.reading) == {full}


def _judge(path: GpuPath, case: Case) -> Iterator[Finding]:
    gpu = path[0]
    if gpu.revision_ff is True:
        return
    generation, lanes = case.expect(_GENERATION), case.expect(_WIDTH)
    speed = SPEED_OF[generation.value]
    if all(one.link_speed_gt_s == speed and one.link_width == lanes.value for one in path):
        return
    slow = [one for one in path if known(one.link_speed_gt_s, speed) < speed]
    narrow = [one for one in path if known(one.link_width, lanes.value) < lanes.value]
    if narrow:
        at = [f"x{one.link_width} at {one.address}" for one in narrow]
        yield _finding(gpu, narrow, "width", at, f"x{lanes.value}", lanes)
    if slow and not _excused(slow, path, case):
        at = [f"{shown_speed(known(one.link_speed_gt_s, 0.0))} at {one.address}" for one in slow]
        yield _finding(gpu, slow, "speed", at, shown_speed(speed), generation)
    _all_told(path)


def _excused(slow: list[PciDevice], path: GpuPath, case: Case) -> bool:
    """Whether the GPU saves power: its own link is slow then, which is the GPU's and the nearest bridge's, no other."""
    if any(one not in path[:2] for one in slow):
        return False
    idle = saves_power(gpu_at(case.reading, path[0].address), case.expect(_IDLE).value)
    if idle is None and all(one.link_speed_gt_s == SPEED_OF[1] for one in slow):
        raise CannotTellError("PCIe speed", "gen1 may be a GPU that saves power, and its performance state is not told")
    return bool(idle)


def _all_told(path: GpuPath) -> None:
    for one in path:
        for value in (one.link_speed_gt_s, one.link_width):
            if isinstance(value, Absent) and value not in NEUTRAL:
                raise CannotTellError(f"PCIe link of {one.address}", value)


def _finding(
    gpu: PciDevice, those: list[PciDevice], code: str, at: list[str], expected: str, source: Expectation
) -> Finding:
    limited = [one.address for one in those if code == "speed" and one.link_speed_gt_s == one.link_speed_max_gt_s]
    limit = f"; {', '.join(limited)} can do no more" if limited else ""
    return Finding(
        check="pcie-link",
        subject=f"gpu:{gpu.address}",
        code=code,
        result=Result.FAULT,
        action=Action.CABLE,
        message=f"the PCIe path of the GPU at {gpu.address} has less than {expected}: {', '.join(at)}{limit}; reseat the "
        "board, then replace it",
        observed=at[0].partition(" at ")[0],
        expected=expected,
        source=source.source,
        facts={"at": [one.address for one in those]},
    )


CHECK = Check(
    name="pcie-link",
    about="Each GPU and every bridge above it has the full PCIe speed and width.",
    section=SectionName.PCI,
    subjects=gpu_paths,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_GENERATION, type=int, low=1, high=6, about="PCIe generation of a GPU's link"),
        Threshold(key=_WIDTH, type=int, low=1, high=32, about="lanes of a GPU's link"),
        Threshold(
            key=_IDLE, type=int, low=1, high=15, about="performance state (P8: 8) from which on a GPU slows its link"
        ),
    ),
    detail="Width never changes by itself. Speed does, at a GPU that saves power (P8): then its own link, which is the "
    "GPU's and the nearest bridge's, is excused, the links above are not. With persistence mode an H100 stays in P0 and "
    "at full speed.",
    moving=True,
    explained_by=("pci-lost",),
)
