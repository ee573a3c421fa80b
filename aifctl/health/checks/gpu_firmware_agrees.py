"""Have all GPUs of the node the same firmware?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter

from aifctl.diagnosis.absent import Absent, CannotTellError
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.gpu_findings import WATCH, ask_if_any, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpu_section

_SOURCE = "NVIDIA HGX firmware is released for a whole board: its GPUs run one version"
_VERSIONS = (
    ("vbios", "vbios_version", "VBIOS"),
    ("inforom", "inforom_image_version", "InfoROM image"),
    ("gsp", "gsp_firmware_version", "GSP firmware"),
)


_versions = attrgetter(*(name for _, name, _ in _VERSIONS))


def _all_fine(sections: Sequence[GpuSection], _case: Case) -> bool:
    told = {_versions(gpu) for section in sections for gpu in section.gpus}
    return len(told) == 1 and Absent not in map(type, *told)


def _judge(section: GpuSection, case: Case) -> Iterator[Finding]:
    gpus = [gpu for gpu in section.gpus if not gpu.lost]
    untold = None
    for code, name, what in _VERSIONS:
        found: list[tuple[Gpu, str]] = []
        for gpu in gpus:
            try:
                version = ask_if_any(gpu, name, case)
            except CannotTellError as problem:
                untold = problem
                continue
            if version is not None:
                found.append((gpu, version))
        yield from _minority(found, code, what)
    if untold is not None:
        raise untold


def _minority(found: list[tuple[Gpu, str]], code: str, what: str) -> Iterator[Finding]:
    counts = Counter(version for _, version in found)
    if len(counts) < 2:  # noqa: PLR2004  they agree
        return
    usual = max(counts, key=lambda version: (counts[version], version))
    for gpu, version in found:
        if version != usual:
            said = f"runs {what} {version}, and {counts[usual]} of {len(found)} GPUs of this node {usual}"
            yield gpu_finding(
                "gpu-firmware-agrees", gpu, code, WATCH, said, observed=version, expected=usual, source=_SOURCE
            )


CHECK = Check(
    name="gpu-firmware-agrees",
    about="All GPUs of a node run the same VBIOS, InfoROM image and GSP firmware.",
    section=SectionName.GPU,
    subjects=gpu_section,
    judge=_judge,
    all_fine=_all_fine,
    detail="Told is the minority of the node. Which version it ought to be is the business of firmware baselines.",
)
