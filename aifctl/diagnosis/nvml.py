"""What the probe read through NVML, as the GPU section of a reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuSection, gpu_order
from aifctl.diagnosis.nvml_alike import parse_alike
from aifctl.diagnosis.nvml_answers import Answers
from aifctl.diagnosis.unreadable import UnreadableError

_MOST_GPUS = 64


def parse_nvml(data: object) -> GpuSection:
    """Return the GPUs of a node, in order of PCI address.

    Args:
        data: the section's data as `onnode/probe/sections/gpu.py` makes it.

    Raises:
        UnreadableError: it is not of that shape.
    """
    if not isinstance(data, Mapping):
        raise UnreadableError(f"the gpu section is no object but {type(data).__name__}")
    answers = Answers(data)
    driver_version = answers.text("driver")
    gpus = [parse_alike(gpu, driver_version) for gpu in _gpus(data.get("gpus"))]
    return GpuSection(
        source="nvml",
        driver_version=driver_version,
        cuda_version=_cuda(answers.integer("cuda")),
        told_count=answers.integer("count"),
        excluded_count=answers.integer("excluded"),
        gpus=tuple(sorted(gpus, key=gpu_order)),
    )


def _gpus(found: object) -> list[Mapping[str, Any]]:
    if not isinstance(found, list) or len(found) > _MOST_GPUS:
        raise UnreadableError("the gpu section has no list of GPUs")
    for number, gpu in enumerate(found):
        if not isinstance(gpu, Mapping):
            raise UnreadableError(f"GPU {number} of the gpu section is no object but {type(gpu).__name__}")
    return found


def _cuda(number: int | Absent) -> str | Absent:
    """Return 12.4 of 12040."""
    return number if isinstance(number, Absent) else f"{number // 1000}.{number % 1000 // 10}"
