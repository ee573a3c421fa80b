"""Do NVLinks have errors?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from aifctl.diagnosis.absent import Absent, NeutralError
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, all_told, ask_if_any, gpu_finding
from aifctl.diagnosis.growth_rate import has_grown, last_grown_at
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import gpu_identity
from aifctl.diagnosis.smi_nvlink import SOURCE
from aifctl.diagnosis.subjects import gpus

_WINDOW = "gpu.nvlink_error_window_s"
_COUNTERS = (
    ("nvlink_recovery_count", "recoveries"),
    ("nvlink_replay_count", "replays"),
    ("nvlink_crc_count", "checksum errors"),
)
_SOURCE = "DCGM, NVLink health: replays and recoveries from one on, checksum errors from 100 a second on"


_NAMES = tuple(counter for counter, _ in _COUNTERS)
_counts = attrgetter(*_NAMES)


def _all_fine(gpus: Sequence[Gpu], case: Case) -> bool:
    return not has_grown(case.memory, _NAMES) and Absent not in map(type, all_told(gpus, _counts))


def _judge(gpu: Gpu, case: Case) -> Iterator[Finding]:
    if case.reading.gpu and case.reading.gpu.source == SOURCE and gpu.nvlink_recovery_count is Absent.MISSING:
        raise NeutralError("NVLink errors")  # nvlink -s prints none; they are nvlink -e's
    asked = [ask_if_any(gpu, counter, case) for counter in _NAMES]
    if asked.count(None) == len(asked):
        raise NeutralError("NVLink errors")
    identity = gpu_identity(gpu)
    if any((identity, counter) in case.memory.growths for counter in _NAMES):
        yield from _grown(gpu, identity, case)


def _grown(gpu: Gpu, identity: str, case: Case) -> Iterator[Finding]:
    window = case.expect(_WINDOW)
    for counter, what in _COUNTERS:
        count = case.memory.grown(identity, counter, within_s=window.value, now_s=case.reading.at_s)
        if count:
            said = f"has had {count} NVLink {what} in the last {window.value / 3600:g} h"
            code = counter.removeprefix("nvlink_").removesuffix("_count")
            yield gpu_finding(
                "nvlink-errors", gpu, code, WATCH, said, observed=count, expected=0, source=_SOURCE,
                at_s=last_grown_at(case.memory, identity, counter),
            )  # fmt: skip


CHECK = Check(
    name="nvlink-errors",
    about="NVLinks count no recoveries, replays or checksum errors.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds that such growth is held against it"),
    ),
    detail="By their growth in this boot and driver load. A watch by itself; with a Xid 74 it is a link.",
    moving=True,
    explained_by=("nvlink-state", "gpu-lost", "pci-lost"),
)
