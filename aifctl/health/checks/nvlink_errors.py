"""Do NVLinks have errors?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from aifctl.diagnosis.absent import Absent, NeutralError
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.gpu_findings import WATCH, ask_if_any, gpu_finding
from aifctl.diagnosis.growth_rate import last_grown_at
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


_counts = attrgetter(*(counter for counter, _ in _COUNTERS))


def _judge(gpu: Gpu, case: Case) -> Iterable[Finding]:
    if case.reading.gpu and case.reading.gpu.source == SOURCE and gpu.nvlink_recovery_count is Absent.MISSING:
        raise NeutralError("NVLink errors")  # nvlink -s prints none; they are nvlink -e's
    if Absent in map(type, _counts(gpu)):
        asked = [ask_if_any(gpu, counter, case) for counter, _ in _COUNTERS]
        if asked.count(None) == len(asked):
            raise NeutralError("NVLink errors")
    growths, identity = case.memory.growths, gpu_identity(gpu)
    if not growths or not any((identity, counter) in growths for counter, _ in _COUNTERS):
        return ()
    return _grown(gpu, case)


def _grown(gpu: Gpu, case: Case) -> Iterator[Finding]:
    identity, window = gpu_identity(gpu), case.expect(_WINDOW)
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
    needs=(
        Threshold(key=_WINDOW, type=float, low=60, high=86400, about="seconds that such growth is held against it"),
    ),
    detail="By their growth in this boot and driver load. A watch by itself; with a Xid 74 it is a link.",
    moving=True,
    explained_by=("nvlink-state", "gpu-lost", "pci-lost"),
)
