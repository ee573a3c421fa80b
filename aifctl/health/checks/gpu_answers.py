"""Does each GPU answer what it is asked?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Finding
from aifctl.diagnosis.gpu import MISSING, Gpu
from aifctl.diagnosis.gpu_findings import WATCH, gpu_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import gpus

_REFUSALS = (Absent.ERROR, Absent.TIMEOUT, Absent.LOST, Absent.REQUIRES_RESET)
_BAD = frozenset(_REFUSALS)
_NAMES = tuple(field.name for field in fields(Gpu) if field.default is MISSING)
#: These hold values that cannot be looked up by their hash.
_HOLDERS = ("remap_banks", "pcie_errors", "nvlinks", "processes")
_SIMPLE = attrgetter(*(name for name in _NAMES if name not in _HOLDERS))
_HELD = attrgetter(*_HOLDERS)
_MOST_NAMED = 6


def _judge(gpu: Gpu, _case: Case) -> Iterable[Finding]:
    if _BAD.isdisjoint(_SIMPLE(gpu)) and not any(value.__class__ is Absent and value in _BAD for value in _HELD(gpu)):
        return ()
    return _refused(gpu)


def _refused(gpu: Gpu) -> Iterator[Finding]:
    for why in _REFUSALS:
        names = [name for name in _NAMES if getattr(gpu, name) is why]
        if names:
            further = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            named = ", ".join(name.replace("_", " ") for name in names[:_MOST_NAMED]) + further
            yield gpu_finding(
                "gpu-answers", gpu, why.value, WATCH, f"answers {why.value!r} when asked for {named}", observed=names,
                expected="a value, or that it has none", source="nvml.h: error codes that no working GPU returns",
            )  # fmt: skip


CHECK = Check(
    name="gpu-answers",
    about="Each GPU answers what it is asked, if only that it has no such thing.",
    section=SectionName.GPU,
    subjects=gpus,
    judge=_judge,
    detail="Unknown Error, ERR!, a time-out, or GPU is lost in place of a single value. Where a check needs that value it is "
    "unknown there; here it is seen whatever the value was.",
    moving=True,
    explained_by=("gpu-lost", "pci-lost", "xid"),
)
