"""Are all NVLinks up?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError
from aifctl.diagnosis.alike import OfSame
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu, NvLink
from aifctl.diagnosis.gpu_findings import REBOOT, RESET, ask, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus
from aifctl.fleet.profile import Expectation

_COUNT, _RATE = "gpu.nvlink_count", "gpu.nvlink_rate_gbytes_s"
_ROUNDING_GBYTES_S = 0.5


#: Of the 18 links of a GPU, which those of other nodes that are built alike share (nvml_alike).
_SLOWEST: OfSame[float] = OfSame(most_count=2048)


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    count, least = case.expect(_COUNT).value, case.expect(_RATE).value - _ROUNDING_GBYTES_S
    return all(
        isinstance(gpu.nvlinks, tuple) and len(gpu.nvlinks) >= count and _SLOWEST.made(gpu.nvlinks, _slowest) >= least
        for gpu in gpus
    )


def _slowest(links: Sequence[NvLink]) -> float:
    """Return the rate of the slowest, in GB/s: 0 where one is down, or does not tell."""
    rates = (link.rate_gbytes_s if link.active is True else 0.0 for link in links)
    return min((rate if isinstance(rate, float) else 0.0 for rate in rates), default=0.0)


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    links = ask(gpu, "nvlinks", case, "NVLinks")
    expected = case.expect(_COUNT)
    down = [link.index for link in links if link.active is False]
    if down:
        yield _down(gpu, links, down, case, expected)
    yield from _slow(gpu, [link for link in links if link.active is True], case)
    if len(links) < expected.value:
        raise CannotTellError("all NVLinks", f"{len(links)} of {expected.value} are told of")
    for link in links:
        if isinstance(link.active, Absent):
            raise CannotTellError(f"NVLink {link.index}", link.active)
        if link.active:
            _told_rate(link)


def _down(gpu: Gpu, links: Sequence[NvLink], down: list[int], case: Case, expected: Expectation) -> Finding:
    code, verdict, which = "down", RESET, f"NVLink {', '.join(map(str, down))}"
    advice = "reset, then reboot; then the board or a switch is to be replaced"
    if len(down) == len(links):
        code, which = "all-down", "all of its NVLinks"
        if _all_down_everywhere(case):
            verdict, which = REBOOT, "all of its NVLinks, as all GPUs of the node have,"
            advice = "restart nvidia-fabricmanager, then reboot"
    return gpu_finding(
        "nvlink-state", gpu, code, verdict, f"has {which} down: {advice}", observed=len(links) - len(down),
        expected=expected.value, source=expected.source, facts={"down": down}, debounced=True,
    )  # fmt: skip


def _all_down_everywhere(case: Case) -> bool:
    """Whether no GPU that answers has a link up, and there is more than one: nobody has set up the switches."""
    there = [gpu.nvlinks for gpu in (case.reading.gpu.gpus if case.reading.gpu else ()) if not gpu.lost]
    return len(there) > 1 and all(
        not isinstance(links, Absent) and all(link.active is False for link in links) for links in there
    )


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


def _told_rate(link: NvLink) -> None:
    if isinstance(link.rate_gbytes_s, Absent) and link.rate_gbytes_s not in NEUTRAL:
        raise CannotTellError(f"rate of NVLink {link.index}", link.rate_gbytes_s)


CHECK = Check(
    name="nvlink-state",
    about="All NVLinks of each GPU are up, at their rate.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_COUNT, type=int, low=0, high=36, about="NVLinks of a GPU"),
        Threshold(key=_RATE, type=float, low=1, high=200, about="rate of one NVLink and direction, GB/s"),
    ),
    detail="All links of all GPUs at once are the fabric manager's, one link is that link. Just after a boot links may still be coming up.",
    explained_by=("gpu-lost", "pci-lost", "fabric-manager-service", "fabric-state", "sxid"),
)
