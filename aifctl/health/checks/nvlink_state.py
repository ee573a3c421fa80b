"""Are all NVLinks up?"""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import Absent, CannotTellError, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu, NvLink
from aifctl.diagnosis.gpu_findings import RESET, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_COUNT, _RATE = "gpu.nvlink_count", "gpu.nvlink_rate_gbytes_s"
_ROUNDING_GBYTES_S = 0.5


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    links = ask(gpu, "nvlinks", case, "NVLinks")
    expected = case.expect(_COUNT)
    down = [link.index for link in links if told(link.active, f"NVLink {link.index}") is False]
    if down:
        code = "all-down" if len(down) == len(links) else "down"
        which = "all of its NVLinks" if code == "all-down" else f"NVLink {', '.join(map(str, down))}"
        said = f"has {which} down: reset, then reboot; then the board or a switch is to be replaced"
        yield gpu_finding(
            "nvlink-state", gpu, code, RESET, said, observed=len(links) - len(down), expected=expected.value,
            source=expected.source, facts={"down": down}, debounced=True,
        )  # fmt: skip
    if len(links) < expected.value:
        raise CannotTellError("all NVLinks", f"{len(links)} of {expected.value} are told of")
    yield from _slow(gpu, [link for link in links if link.index not in down], case)


def _slow(gpu: Gpu, links: list[NvLink], case: Case) -> Iterator[Finding]:
    expected = case.expect(_RATE)
    rates = {link.index: link.rate_gbytes_s for link in links if not isinstance(link.rate_gbytes_s, Absent)}
    slow = {index: rate for index, rate in rates.items() if rate < expected.value - _ROUNDING_GBYTES_S}
    if slow:
        said = f"has NVLink {', '.join(map(str, slow))} at {min(slow.values()):g} GB/s in place of {expected.value:g}"
        yield gpu_finding(
            "nvlink-state", gpu, "slow", (Result.DEGRADED, Action.RESET), said, observed=min(slow.values()),
            expected=expected.value, source=expected.source, debounced=True,
        )  # fmt: skip


CHECK = Check(
    name="nvlink-state",
    about="All NVLinks of each GPU are up, at their rate.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    needs=(
        Threshold(key=_COUNT, type=int, low=0, high=36, about="NVLinks of a GPU"),
        Threshold(key=_RATE, type=float, low=1, high=200, about="rate of one NVLink and direction, GB/s"),
    ),
    detail="All links of all GPUs at once are the fabric manager's, one link is that link. Just after a boot links may still be coming up.",
    explained_by=("gpu-lost", "pci-lost", "fabric-manager-service", "fabric-state", "sxid"),
)
